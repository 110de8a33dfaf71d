package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.CarriedFiles;
import io.github.qcow4j.snapshot.catalogue.CarriedRow;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.directory.DirectoryRequest.CarriedFile;
import io.github.qcow4j.snapshot.directory.StagedDirectory.StagedFile;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The files that came in a directory beside the disks of a box, as a virtual machine's memory and
 * state: they belong to the live disks, and go where those go, untouched. A clone of the live disks
 * has them, and an export of those to a directory; a restore from a directory exchanges them; a
 * snapshot, which is of another moment, has none.
 *
 * <p>They never change, so that boxes share them. Who gives a box away or takes one has its lock: a
 * file is removed with the last box that has it, and two that go at once leave it to the next
 * collection at worst.
 */
final class Carrying {

  private Carrying() {}

  /** New boxes, or a box that is restored, get the files of a directory. */
  static void adopt(Home home, Draft draft, List<StagedFile> files, List<String> boxIds)
      throws IOException {
    for (StagedFile each : files) {
      String file = HomeLayout.carried(home.ids().next());
      Path path = home.layout().resolve(file);
      draft.make(file, () -> give(home, each.path(), path));
      draft.doomed.add(home.layout().home().relativize(each.path()).toString());
      for (String boxId : boxIds) {
        draft.change(Change.carry(boxId, each.name(), file));
      }
    }
  }

  private static void give(Home home, Path staged, Path path) throws IOException {
    SecondName.give(home.volume(), staged, path);
    home.volume().setPermissions(path, HomeLayout.PRIVATE_FILE);
  }

  /** Clones of the live disks of a locked box have its files. */
  static void share(Home home, Draft draft, BoxRow box, List<String> cloneIds) throws IOException {
    for (CarriedRow each : home.read(rows -> new CarriedFiles(rows).ofBox(box.id()))) {
      for (String cloneId : cloneIds) {
        draft.change(Change.carry(cloneId, each.name(), each.file()));
      }
    }
  }

  /** The files of a locked box, for an export; they are left open with the rest. */
  static List<CarriedFile> open(Home home, BoxRow box, LeaseSet open) throws IOException {
    List<CarriedFile> files = new ArrayList<>();
    for (CarriedRow each : home.read(rows -> new CarriedFiles(rows).ofBox(box.id()))) {
      BlockFile file =
          home.volume().open(home.layout().resolve(each.file()), OpenOptions.reading());
      open.add(file);
      files.add(new CarriedFile(each.name(), file));
    }
    return files;
  }

  /** A restore keeps what there is; it may be exchanged then. */
  static void keep(Draft draft, BoxRow box) {
    draft.change(Change.dropCarried(box.id(), true));
    draft.change(Change.keepCarried(box.id()));
  }

  /** After {@link #keep}: the files of a directory take the places of those of a box. */
  static void exchange(Home home, Draft draft, List<StagedFile> files, BoxRow box)
      throws IOException {
    draft.change(Change.dropCarried(box.id(), false));
    adopt(home, draft, files, List.of(box.id()));
  }

  /** What was kept is there again. */
  static void putBack(Home home, Draft draft, BoxRow box) throws IOException {
    doom(home, draft, box, row -> !row.kept());
    draft.change(Change.dropCarried(box.id(), false));
    draft.change(Change.putBackCarried(box.id()));
  }

  /** What was kept is not any more. */
  static void forget(Home home, Draft draft, BoxRow box) throws IOException {
    doom(home, draft, box, CarriedRow::kept);
    draft.change(Change.dropCarried(box.id(), true));
  }

  /** The box goes. */
  static void remove(Home home, Draft draft, BoxRow box) throws IOException {
    doom(home, draft, box, _ -> true);
    draft.change(Change.dropCarried(box.id(), false));
    draft.change(Change.dropCarried(box.id(), true));
  }

  /** Of the rows of a box, some go; with them the files that no other row has. */
  private static void doom(Home home, Draft draft, BoxRow box, Predicate<CarriedRow> goes)
      throws IOException {
    Set<String> going = new LinkedHashSet<>();
    Set<String> staying = new LinkedHashSet<>();
    for (CarriedRow row : home.read(rows -> new CarriedFiles(rows).sharedWith(box.id()))) {
      boolean gone = row.boxId().equals(box.id()) && goes.test(row);
      (gone ? going : staying).add(row.file());
    }
    going.removeAll(staying);
    draft.doomed.addAll(going);
  }
}
