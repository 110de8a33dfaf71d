package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.error.DisagreementException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asks the headers of all images whether they say what the catalogue says, before a layer goes. A
 * header that cannot be asked has not agreed.
 */
final class HeaderAgreement {

  private final Home home;

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
    for (ImageRow image : home.read(rows -> new Images(rows).all())) {
      if (!ids.contains(image.id()) && image.format().equals(ImageFormat.QCOW2.label())) {
        Path below = belowUnlessGone(image);
        if (below != null && files.contains(below)) {
          throw new DisagreementException(
              "'%s' lies on '%s', which the catalogue does not know; nothing was removed: see check"
                  .formatted(image.file(), home.layout().home().relativize(below)));
        }
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

  /** The file that an image's header names, or null for none. */
  static @Nullable Path below(Home home, ImageRow image) throws IOException {
    Path path = home.layout().resolve(image.file());
    ImageOptions options =
        ImageOptions.of(ImageFormat.QCOW2).withSharing(ImageOptions.Sharing.FORCE_SHARE);
    try {
      String name = ImageInspector.inspect(home.volume(), path, options).backingName();
      return name == null ? null : StoredName.resolveBacking(path, name).normalize();
    } catch (IOException e) {
      DisagreementException unanswered =
          new DisagreementException(
              "the header of '%s' could not be asked; nothing was removed: %s"
                  .formatted(image.file(), e.getMessage()));
      unanswered.initCause(e);
      throw unanswered;
    }
  }
}
