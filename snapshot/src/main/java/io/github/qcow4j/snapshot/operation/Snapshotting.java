package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.FileStatus;
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
import io.github.qcow4j.snapshot.model.SnapshotDisk;
import io.github.qcow4j.snapshot.operation.Freezing.Frozen;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
      return run(home, box, name, description, held, control);
    }
  }

  /**
   * Makes the snapshot of a box that is locked.
   *
   * @param control stops the only part that may take long, shortening the chain
   */
  static Snapshot run(
      Home home, BoxRow box, String name, String description, LeaseSet held, JobControl control)
      throws IOException {
    Present present = present(home, box, name);
    if (present.taken()) {
      throw taken(box, name);
    }
    if (Shortening.run(home, box, present.live(), control)) {
      present = present(home, box, name);
    }
    LayerRoom.requireOnLive(home, present.live());
    Instant now = home.now();
    try (LeaseSet open = new LeaseSet()) {
      Draft draft = new Draft();
      String snapshotId = home.ids().next();
      draft.change(Change.addSnapshot(snapshotId, box.id(), name, description, now));
      Freezing freezing = new Freezing(home, draft, box, open, now);
      List<Frozen> layers = new ArrayList<>();
      for (LiveDisk live : present.live()) {
        String layerId = home.ids().next();
        layers.add(freezing.freeze(live.disk(), ImageKind.SNAPSHOT, layerId));
        draft.change(
            Change.addSnapshotDisk(snapshotId, live.disk().role(), layers.size() - 1, layerId));
      }
      Forgetting.add(home, draft, box, present.kept(), held);
      home.runNaming(
          draft.intent(home, Operations.SNAPSHOT, box.id()),
          draft::makeAll,
          "snapshot '" + name + "'");
      return new Snapshot(
          snapshotId, box.id(), name, description, now, now, disks(home, present.live(), layers));
    }
  }

  /** What was live before, as the layers that it is now: they lie as deep as it lay. */
  private static List<SnapshotDisk> disks(Home home, List<LiveDisk> former, List<Frozen> layers)
      throws IOException {
    List<SnapshotDisk> disks = new ArrayList<>();
    for (int at = 0; at < layers.size(); at++) {
      LiveDisk live = former.get(at);
      Path path = home.layout().resolve(layers.get(at).file());
      FileStatus status = statusIfKnown(home, path);
      disks.add(
          new SnapshotDisk(
              live.disk().role(),
              path,
              layers.get(at).sizeBytes(),
              status == null ? 0 : status.sizeBytes(),
              status == null ? 0 : status.allocatedBytes(),
              live.depth()));
    }
    return disks;
  }

  /** The snapshot is taken, whatever the storage answers now. */
  private static @Nullable FileStatus statusIfKnown(Home home, Path path) {
    try {
      return home.volume().status(path);
    } catch (IOException e) {
      return null;
    }
  }

  /**
   * All that a snapshot asks the catalogue, in one transaction: each one takes the locks of the
   * file anew.
   *
   * @param taken whether there is a snapshot of the name
   * @param live the live disks
   * @param kept what the last restore has kept
   */
  private record Present(boolean taken, List<LiveDisk> live, List<DiskRow> kept) {}

  private static Present present(Home home, BoxRow box, String name) throws IOException {
    return home.read(rows -> {
      Boxes boxes = new Boxes(rows);
      return new Present(
          boxes.findSnapshot(box.id(), name) != null,
          LiveDisk.of(rows, box.id()),
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
