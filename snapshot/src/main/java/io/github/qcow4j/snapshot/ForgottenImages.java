package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells a home whose catalogue is lost from one that is new: it has images. To an empty catalogue
 * all of them would be orphans, and the next collection would delete them.
 *
 * <p>While a home is being made there are no images, however that is cut short: the first follows
 * the first tables.
 */
final class ForgottenImages {

  private final Volume volume;
  private final HomeLayout layout;

  ForgottenImages(Volume volume, HomeLayout layout) {
    this.volume = volume;
    this.layout = layout;
  }

  /**
   * Requires that there is a catalogue, or nothing to be in it. The images are looked for first:
   * another process may be making the home, and its catalogue is there before its first image.
   *
   * @throws DisagreementException when there are images only
   */
  void requireCatalogue() throws IOException {
    List<String> places = places();
    if (places.isEmpty()) {
      return;
    }
    if (!volume.exists(layout.catalogue())) {
      throw lost("is missing", places);
    }
    if (volume.status(layout.catalogue()).sizeBytes() == 0) {
      throw lost("is empty", places);
    }
  }

  /**
   * Requires that there are no images, when the first tables are about to be made: asked while
   * nobody else can make them.
   *
   * @throws DisagreementException when there are some
   */
  void requireNone() throws IOException {
    List<String> places = places();
    if (!places.isEmpty()) {
      throw lost("knows of nothing", places);
    }
  }

  /** The directories with something in them that only a catalogue explains. */
  private List<String> places() throws IOException {
    List<String> places = new ArrayList<>();
    for (Path each : List.of(layout.disks(), layout.layers(), layout.files())) {
      if (volume.exists(each) && !volume.list(each).isEmpty()) {
        places.add(String.valueOf(each.getFileName()));
      }
    }
    return places;
  }

  private DisagreementException lost(String how, List<String> places) throws IOException {
    List<String> backups = backups();
    String advice =
        backups.isEmpty()
            ? "put a backup of it back, or move the images away to begin anew"
            : "put a backup of it back (there is '%s', which does not know what was made since)"
                .formatted(backups.getLast());
    return new DisagreementException(
        "the catalogue of the home, '%s', %s, and there are files in %s; nothing was changed: %s"
            .formatted(layout.catalogue(), how, String.join(" and ", places), advice));
  }

  /** What migrations have left, the newest last as long as their versions have one digit. */
  private List<String> backups() throws IOException {
    String prefix = layout.catalogue().getFileName() + ".v";
    return volume.list(layout.home()).stream().filter(name -> name.startsWith(prefix)).toList();
  }
}
