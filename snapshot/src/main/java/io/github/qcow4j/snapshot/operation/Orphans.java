package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.snapshot.catalogue.CarriedFiles;
import io.github.qcow4j.snapshot.catalogue.CarriedRow;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.error.WrongStateException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds files among disks, layers and what boxes have beside them that neither the catalogue nor
 * anything under way knows. The directory is read before the catalogue: a file that an operation
 * makes in between has its intent there. One that an operation has removed in between has none any
 * more, and is not there either.
 */
final class Orphans {

  private final Home home;
  private @Nullable Set<Path> neededByHeaders;

  Orphans(Home home) {
    this.home = home;
  }

  /** Removes one that still is an orphan, unless an image's header names it all the same. */
  void remove(Path orphan) throws IOException {
    Path directory = orphan.getParent();
    if (directory == null || !find().contains(orphan)) {
      return;
    }
    requireUnneeded(orphan);
    home.volume().unlink(orphan);
    syncQuietly(home.volume(), directory);
  }

  /** What a power cut brings back of an orphan is one again, and goes with the next collection. */
  static void syncQuietly(Volume volume, Path directory) {
    try {
      volume.syncDirectory(directory);
    } catch (IOException e) {
      // It is gone now, and that is what is told.
    }
  }

  /** Requires that one is a file that no image's header names. */
  void requireUnneeded(Path orphan) throws IOException {
    String name = home.layout().home().relativize(orphan).toString();
    if (home.volume().linkStatus(orphan).kind() == FileKind.DIRECTORY) {
      throw new WrongStateException("'" + name + "' is a directory, which nothing here makes");
    }
    Set<Path> needed = neededByHeaders;
    if (needed == null) {
      needed = new HeaderAgreement(home).named();
      neededByHeaders = needed;
    }
    if (needed.contains(orphan)) {
      throw new DisagreementException(
          "an image lies on '" + name + "', which the catalogue does not know: see check");
    }
  }

  /** Those that are; none while nobody knows. */
  List<Path> find() throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path directory :
        List.of(home.layout().disks(), home.layout().layers(), home.layout().files())) {
      for (String name : home.volume().list(directory)) {
        files.add(directory.resolve(name));
      }
    }
    Set<Path> known = known();
    if (known == null) {
      return List.of();
    }
    List<Path> orphans = new ArrayList<>();
    for (Path file : files) {
      if (!known.contains(file) && !isOnItsWay(file, known) && isThere(file)) {
        orphans.add(file);
      }
    }
    return orphans;
  }

  private boolean isThere(Path file) throws IOException {
    try {
      FileStatus _ = home.volume().linkStatus(file);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Null when something under way is damaged in the catalogue: any file may be its. */
  private @Nullable Set<Path> known() throws IOException {
    return home.read(rows -> {
      Set<Path> known = new HashSet<>();
      for (ImageRow image : new Images(rows).all()) {
        known.add(home.layout().resolve(image.file()));
      }
      for (CarriedRow file : new CarriedFiles(rows).all()) {
        known.add(home.layout().resolve(file.file()));
      }
      for (Intent intent : new Intents(rows).all()) {
        if (intent.phase() == Intent.Phase.DAMAGED) {
          return null;
        }
        for (String file : intent.made()) {
          known.add(home.layout().resolve(file));
        }
        for (String file : intent.doomed()) {
          known.add(home.layout().resolve(file));
        }
        for (FileSwitch each : intent.switches()) {
          if (each.kind() != FileSwitch.Kind.REBASE) {
            known.add(home.layout().resolve(each.other()));
            known.add(home.layout().resolve(each.fresh()));
          }
        }
      }
      return known;
    });
  }

  /** A temporary name for a known file that is not there yet. */
  private static boolean isOnItsWay(Path file, Set<Path> known) {
    String name = String.valueOf(file.getFileName());
    return known.stream()
        .anyMatch(each ->
            name.startsWith("." + each.getFileName() + ".")
                && file.getParent() != null
                && file.getParent().equals(each.getParent()));
  }
}
