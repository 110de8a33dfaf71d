package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds files among disks and layers that neither the catalogue nor anything under way knows. The
 * directory is read before the catalogue: a file that an operation makes in between has its intent
 * there.
 */
final class Orphans {

  private Orphans() {}

  static List<Path> find(Home home) throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path directory : List.of(home.layout().disks(), home.layout().layers())) {
      for (String name : home.volume().list(directory)) {
        files.add(directory.resolve(name));
      }
    }
    Set<Path> known = known(home);
    List<Path> orphans = new ArrayList<>();
    for (Path file : files) {
      if (!known.contains(file) && !isOnItsWay(file, known)) {
        orphans.add(file);
      }
    }
    return orphans;
  }

  private static Set<Path> known(Home home) throws IOException {
    return home.read(rows -> {
      Set<Path> known = new HashSet<>();
      for (ImageRow image : new Images(rows).all()) {
        known.add(home.layout().resolve(image.file()));
      }
      for (Intent intent : new Intents(rows).all()) {
        intent.made().forEach(file -> known.add(home.layout().resolve(file)));
        intent.doomed().forEach(file -> known.add(home.layout().resolve(file)));
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
