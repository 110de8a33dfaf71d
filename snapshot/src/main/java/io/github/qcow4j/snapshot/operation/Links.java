package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Images of a home at one moment, and what lies below each as the catalogue says. It grows old at
 * once, but for what the caller keeps others away from.
 */
final class Links {

  private final Home home;
  private final Map<String, ImageRow> byId = new HashMap<>();
  private final Map<Path, ImageRow> byPath = new HashMap<>();

  private Links(Home home, List<ImageRow> images) throws IOException {
    this.home = home;
    for (ImageRow image : images) {
      byId.put(image.id(), image);
      byPath.put(home.layout().resolve(image.file()), image);
    }
  }

  /** All images. */
  static Links of(Home home) throws IOException {
    return new Links(home, home.read(rows -> new Images(rows).all()));
  }

  /** An image and what lies below it, no others. */
  static Links of(Home home, ImageRow image) throws IOException {
    return new Links(home, home.read(rows -> new Images(rows).chain(image.id())));
  }

  /** The file that lies below an image, or null for none. */
  @Nullable Path below(ImageRow image) throws IOException {
    return switch (image.parent()) {
      case null -> null;
      case Parent.Inside inside -> {
        ImageRow below = byId.get(inside.imageId());
        yield below == null ? null : home.layout().resolve(below.file());
      }
      case Parent.Outside outside -> Path.of(outside.path());
    };
  }

  /** The image of a file, or null when the catalogue knows none. */
  @Nullable ImageRow at(Path path) {
    return byPath.get(path);
  }

  /** An image and all that lie below it in the home, from the top; a circle is gone round once. */
  List<ImageRow> chain(ImageRow image) {
    List<ImageRow> chain = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    ImageRow next = image;
    while (next != null && seen.add(next.id())) {
      chain.add(next);
      next = next.parent() instanceof Parent.Inside inside ? byId.get(inside.imageId()) : null;
    }
    return chain;
  }

  /** Whether an image lies on itself. */
  boolean isCircular(ImageRow image) {
    return chain(image).getLast().parent() instanceof Parent.Inside inside
        && inside.imageId().equals(image.id());
  }
}
