package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.model.Collected.Cause;
import io.github.qcow4j.snapshot.operation.CollectedLines.Candidate;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** How much storage layers take, asked before any of them goes. For one thread. */
final class LayerBytes {

  private final Home home;
  private final Map<String, Long> byId = new HashMap<>();

  LayerBytes(Home home) throws IOException {
    this.home = home;
    for (ImageRow image : home.read(rows -> new Images(rows).all())) {
      if (image.kind().frozen()) {
        byId.put(image.id(), measure(image));
      }
    }
  }

  /** What a file takes, in bytes; nothing when it is not there. */
  static long of(Home home, Path file) throws IOException {
    try {
      return home.volume().linkStatus(file).allocatedBytes();
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  /** Measures again what has taken up data; the sum. */
  long measureAgain(List<ImageRow> images) throws IOException {
    long sum = 0;
    for (ImageRow image : images) {
      long now = measure(image);
      byId.put(image.id(), now);
      sum += now;
    }
    return sum;
  }

  /** An image would have taken up so many bytes more. */
  void add(ImageRow image, long moreBytes) throws IOException {
    byId.put(image.id(), of(image) + moreBytes);
  }

  private long measure(ImageRow image) throws IOException {
    return of(home, home.layout().resolve(image.file()));
  }

  long of(ImageRow layer) throws IOException {
    Long known = byId.get(layer.id());
    return known != null ? known : measure(layer);
  }

  long of(List<ImageRow> layers) throws IOException {
    long sum = 0;
    for (ImageRow layer : layers) {
      sum += of(layer);
    }
    return sum;
  }

  /** A layer that nothing needs. */
  Candidate unneeded(ImageRow layer) throws IOException {
    return new Candidate(
        "layer",
        layer.file(),
        of(layer),
        List.of(Cause.UNNEEDED_BASE),
        "nothing lies on it, and it is no snapshot's");
  }

  /** Says which layers went with those that were to go, for these alone needed them. */
  void sayGoneAlong(List<ImageRow> gone, List<ImageRow> named, CollectedLines lines)
      throws IOException {
    // A merge has moved them, so that the rows are no longer the same.
    Set<String> ids = named.stream().map(ImageRow::id).collect(Collectors.toSet());
    for (ImageRow layer : gone) {
      if (!ids.contains(layer.id())) {
        lines.say(unneeded(layer), of(layer));
      }
    }
  }
}
