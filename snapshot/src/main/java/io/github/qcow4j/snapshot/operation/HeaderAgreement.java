package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.error.DisagreementException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asks the headers of all images whether they say what the catalogue says, before a layer goes. A
 * header that cannot be asked has not agreed.
 *
 * <p>Each header is asked once for all that one call removes, however many layers that is; images
 * that are new since are asked too. What operations of this program change meanwhile, the rows say,
 * which are looked at under the lease of the layer that goes; what others change by hand, they have
 * to change before. For one thread, and one call: what was answered grows old.
 */
final class HeaderAgreement {

  private final Home home;

  /** The images whose headers name a file. */
  private final Map<Path, List<ImageRow>> above = new HashMap<>();

  /** Images that were not asked yet, or had no answer, by their identifiers. */
  private final Map<String, ImageRow> unasked = new LinkedHashMap<>();

  /** The number of the newest image that is known. */
  private long newest;

  HeaderAgreement(Home home) {
    this.home = home;
  }

  /** Requires that no image that stays has one of these below it. */
  void requireUnneeded(List<ImageRow> going) throws IOException {
    Set<Path> files = new HashSet<>();
    Set<String> ids = new HashSet<>();
    for (ImageRow image : going) {
      ids.add(image.id());
      if (image.kind().frozen()) {
        files.add(home.layout().resolve(image.file()));
      }
    }
    if (files.isEmpty()) {
      return;
    }
    askAllBut(ids);
    for (Path file : files) {
      for (ImageRow image : above.getOrDefault(file, List.of())) {
        if (!ids.contains(image.id())) {
          requireElsewhere(image, file);
        }
      }
    }
  }

  /** Requires that what lies on a layer by its header does so by the catalogue, too. */
  void requireNoOthersOn(ImageRow layer) throws IOException {
    askAllBut(Set.of(layer.id()));
    Path file = home.layout().resolve(layer.file());
    for (ImageRow image : above.getOrDefault(file, List.of())) {
      ImageRow now = home.read(rows -> new Images(rows).byId(image.id()));
      if (now != null && !new Parent.Inside(layer.id()).equals(now.parent())) {
        requireElsewhere(image, file);
      }
    }
  }

  /** Since it was asked, an image may have gone, or been laid on something else. */
  private void requireElsewhere(ImageRow image, Path file) throws IOException {
    if (file.equals(belowUnlessGone(image))) {
      throw new DisagreementException(
          "'%s' lies on '%s', which the catalogue does not know; nothing was removed: see check"
              .formatted(image.file(), home.layout().home().relativize(file)));
    }
  }

  /** What goes need not answer: it may be going because it cannot. */
  private void askAllBut(Set<String> going) throws IOException {
    for (ImageRow image : home.read(rows -> new Images(rows).newerThan(newest))) {
      newest = image.seq();
      if (image.format().equals(ImageFormat.QCOW2.label())) {
        unasked.put(image.id(), image);
      }
    }
    Iterator<ImageRow> left = unasked.values().iterator();
    while (left.hasNext()) {
      ImageRow image = left.next();
      if (!going.contains(image.id())) {
        Path below = belowUnlessGone(image);
        if (below != null) {
          above.computeIfAbsent(below, _ -> new ArrayList<>()).add(image);
        }
        left.remove();
      }
    }
  }

  /** All files that the headers of images name; it fails when one cannot be asked. */
  Set<Path> named() throws IOException {
    Set<Path> named = new HashSet<>();
    for (ImageRow image : home.read(rows -> new Images(rows).all())) {
      addBelow(home, image, named);
    }
    return named;
  }

  private static void addBelow(Home home, ImageRow image, Set<Path> named) throws IOException {
    Path below = image.format().equals(ImageFormat.QCOW2.label()) ? below(home, image) : null;
    if (below != null) {
      named.add(below);
    }
  }

  /**
   * What {@link #below} says, or null for an image that others have removed meanwhile: its row goes
   * before its file does, so that a header which is missing while the row is there has not agreed.
   */
  private @Nullable Path belowUnlessGone(ImageRow image) throws IOException {
    try {
      return below(home, image);
    } catch (DisagreementException e) {
      if (home.read(rows -> new Images(rows).byId(image.id())) == null) {
        return null;
      }
      throw e;
    }
  }

  /**
   * Requires that an image lies on what the catalogue says. A hypervisor, or somebody by hand, may
   * have laid it on another one: what it shows then is not what is moved, shared or deleted.
   *
   * @throws DisagreementException when it does not, or its header could not be asked
   */
  static void requireAsNoted(Home home, ImageRow image) throws IOException {
    if (!image.format().equals(ImageFormat.QCOW2.label())) {
      return;
    }
    Path below = below(home, image);
    Path known =
        switch (image.parent()) {
          case null -> null;
          case Parent.Inside inside -> {
            ImageRow parent = home.read(rows -> new Images(rows).byId(inside.imageId()));
            yield home.layout().resolve(Objects.requireNonNull(parent).file());
          }
          case Parent.Outside outside -> Path.of(outside.path());
        };
    if (!Objects.equals(below, known)) {
      throw new DisagreementException(
          "'%s' lies on %s as its header says, and on %s as the catalogue says; nothing was changed: see check"
              .formatted(image.file(), shown(home, below), shown(home, known)));
    }
  }

  private static String shown(Home home, @Nullable Path path) {
    if (path == null) {
      return "nothing";
    }
    Path place = home.layout().home();
    return "'" + (path.startsWith(place) ? place.relativize(path) : path) + "'";
  }

  /** The file that an image's header names, or null for none. */
  static @Nullable Path below(Home home, ImageRow image) throws IOException {
    Path path = home.layout().resolve(image.file());
    ImageOptions options =
        ImageOptions.of(ImageFormat.QCOW2).withSharing(ImageOptions.Sharing.FORCE_SHARE);
    try {
      String name = ImageInspector.inspect(home.volume(), path, options).backingName();
      return name == null ? null : StoredName.resolveBacking(path, name).normalize();
    } catch (IOException e) {
      throw new DisagreementException(
          "the header of '%s' could not be asked; nothing was removed: %s"
              .formatted(image.file(), e.getMessage()),
          e);
    }
  }
}
