package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.error.NameTakenException;
import io.github.qcow4j.snapshot.layout.Names;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/** Freezes all disks of a stopped box as a snapshot. */
public final class Snapshotting {

  private Snapshotting() {}

  /** Makes the snapshot. */
  public static Snapshot run(
      Home home, String boxName, String name, String description, JobControl control)
      throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      Names.require("snapshot", name);
      BoxRow box = home.lockStopped(boxName, held);
      run(home, box, name, description, held, control);
    }
    return new Views(home).snapshot(boxName, name);
  }

  /**
   * Makes the snapshot of a box that is locked.
   *
   * @param control stops the only part that may take long, shortening the chain
   */
  static void run(
      Home home, BoxRow box, String name, String description, LeaseSet held, JobControl control)
      throws IOException {
    Present present = present(home, box, name);
    if (present.taken()) {
      throw taken(box, name);
    }
    if (!present.tooLong().isEmpty()) {
      for (Shortening.Chain chain : present.tooLong()) {
        Shortening.run(home, box, chain, control);
      }
      present = present(home, box, name);
    }
    Instant now = home.now();
    try (LeaseSet open = new LeaseSet()) {
      Draft draft = new Draft();
      String snapshotId = home.ids().next();
      draft.change(Change.addSnapshot(snapshotId, box.id(), name, description, now));
      Freezing freezing = new Freezing(home, draft, box, open, now);
      int position = 0;
      for (DiskRow disk : present.disks()) {
        String layerId = home.ids().next();
        freezing.freeze(disk, ImageKind.SNAPSHOT, layerId);
        draft.change(Change.addSnapshotDisk(snapshotId, disk.role(), position, layerId));
        position++;
      }
      Forgetting.add(home, draft, box, present.kept(), held);
      home.runNaming(
          draft.intent(home, Operations.SNAPSHOT, box.id()),
          draft::makeAll,
          "snapshot '" + name + "'");
    }
  }

  /**
   * All that a snapshot asks the catalogue, in one transaction: each one takes the locks of the
   * file anew.
   *
   * @param taken whether there is a snapshot of the name
   * @param disks the live disks
   * @param tooLong the chains that would become too long
   * @param kept what the last restore has kept
   */
  private record Present(
      boolean taken, List<DiskRow> disks, List<Shortening.Chain> tooLong, List<DiskRow> kept) {}

  private static Present present(Home home, BoxRow box, String name) throws IOException {
    return home.read(rows -> {
      Boxes boxes = new Boxes(rows);
      List<DiskRow> disks = boxes.disks(box.id());
      return new Present(
          boxes.findSnapshot(box.id(), name) != null,
          disks,
          Shortening.tooLong(home, rows, disks),
          boxes.kept(box.id()));
    });
  }

  static void requireFree(Home home, BoxRow box, String name) throws IOException {
    if (home.read(rows -> new Boxes(rows).findSnapshot(box.id(), name)) != null) {
      throw taken(box, name);
    }
  }

  private static NameTakenException taken(BoxRow box, String name) {
    return new NameTakenException(
        "box '%s' has a snapshot '%s' already".formatted(box.name(), name));
  }
}
