package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.header.UnknownBytes;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.write.SnapshotChanges;
import io.github.qcow4j.qcow2.write.SnapshotSettling;
import io.github.qcow4j.qcow2.write.WriterOpener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * Internal snapshots with memory for one cluster of each kind of metadata, as those of a disk of
 * many terabytes are: most of what a change builds is written before all of it is known.
 */
final class SnapshotsBeyondMemory implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int ROUNDS = 4;

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageSpec spec = ImageSpecs.random(random);
    ImageCreation.create(volume, IMAGE, spec);
    volume.settle();
    DiskModel model = new DiskModel(volume, IMAGE, new byte[(int) spec.sizeBytes()]);
    for (int round = 0; round < ROUNDS; round++) {
      try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
        for (int i = 0; i < 2; i++) {
          RandomChanges.change(RandomChanges.Change.WRITE, disk, model, null, random);
        }
      }
      model.durable();
      int count = model.snapshotCount();
      int index = count == 0 ? 0 : random.nextInt(count);
      switch (count == 0 ? 0 : random.nextInt(4)) {
        case 0, 1 -> model.createSnapshot(() -> create(volume));
        case 2 ->
            model.applySnapshot(
                index,
                () -> change(volume, (changes, snapshots) -> changes.apply(snapshots.get(index))));
        default ->
            model.deleteSnapshot(
                index,
                () -> change(volume, (changes, snapshots) -> changes.delete(snapshots.get(index))));
      }
    }
    return state -> LeftImage.requireOldOrNew(state, IMAGE);
  }

  private static void create(SimulatedVolume volume) throws IOException {
    long[] scattered = {-1};
    change(volume, (changes, snapshots) -> scattered[0] = changes.create(draft(volume, snapshots)));
    if (scattered[0] >= 0) {
      try (BlockFile file = volume.open(IMAGE, OpenOptions.writing())) {
        Qcow2Header header = HeaderParser.parse(file, false);
        List<InternalSnapshot> snapshots = SnapshotTable.read(file, header);
        WriterOpener opener = new WriterOpener(file, header, snapshots, List.of()).withBudget(1);
        new SnapshotSettling(opener.open(null, false, true), file, header, snapshots)
            .settle(scattered[0]);
      }
    }
  }

  private static InternalSnapshot draft(SimulatedVolume volume, List<InternalSnapshot> snapshots)
      throws IOException {
    try (BlockFile file = volume.open(IMAGE, OpenOptions.reading())) {
      Qcow2Header header = HeaderParser.parse(file, false);
      String id = InternalSnapshot.nextId(snapshots);
      return new InternalSnapshot(
          0, 0, id, "s" + id, 0, 0, 0, 0, header.virtualSize(), 0, 24, UnknownBytes.NONE);
    }
  }

  /** A change of the snapshots. */
  @FunctionalInterface
  private interface Change {
    void make(SnapshotChanges changes, List<InternalSnapshot> snapshots) throws IOException;
  }

  private static void change(SimulatedVolume volume, Change change) throws IOException {
    try (BlockFile file = volume.open(IMAGE, OpenOptions.writing())) {
      Qcow2Header header = HeaderParser.parse(file, false);
      List<InternalSnapshot> snapshots = SnapshotTable.read(file, header);
      WriterOpener opener = new WriterOpener(file, header, snapshots, List.of()).withBudget(1);
      change.make(
          new SnapshotChanges(opener.open(null, false, true), file, header, snapshots), snapshots);
    }
  }
}
