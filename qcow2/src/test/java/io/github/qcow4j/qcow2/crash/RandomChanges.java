package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Changes of an image in random order: of bytes, of clusters, and of whole structures.
 *
 * @param steps how many
 * @param dataFile whether the image's data are in a file of their own
 * @param changes what to choose from; what stands twice comes twice as often
 */
record RandomChanges(int steps, boolean dataFile, List<Change> changes) implements CrashWorkload {

  enum Change {
    WRITE,
    ZEROES,
    DISCARD,
    COMPRESS,
    SYNC,
    SNAPSHOT_CREATE,
    SNAPSHOT_APPLY,
    SNAPSHOT_DELETE,
    RESIZE,
    GROW_WITH_STORAGE
  }

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final Path BASE = Path.of("/base.raw");
  private static final int MOST_BYTES = 12_000;
  private static final int MOST_SECTORS = 400;

  static RandomChanges of(int steps, Change... changes) {
    return new RandomChanges(steps, false, List.of(changes));
  }

  /** The same with the data in a file of their own; no image of that kind has snapshots. */
  static RandomChanges besideDataFile(int steps, Change... changes) {
    return new RandomChanges(steps, true, List.of(changes));
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageSpec spec = ImageSpecs.random(random);
    byte[] content = new byte[(int) spec.sizeBytes()];
    byte[] below = null;
    boolean overlay = spec.version() == 3 && random.nextInt(3) == 0;
    if (dataFile) {
      spec = ImageSpecs.withDataFile(random, spec, IMAGE, !overlay);
    }
    if (overlay) {
      below = makeBase(volume, random, content.length);
      System.arraycopy(below, 0, content, 0, Math.min(below.length, content.length));
      spec = spec.withBacking(BASE.getFileName().toString(), "raw");
    }
    ImageCreation.create(volume, IMAGE, spec);
    volume.settle();
    DiskModel model = new DiskModel(volume, IMAGE, content);
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      for (int step = 0; step < steps; step++) {
        change(changes.get(random.nextInt(changes.size())), disk, model, below, random);
      }
    }
    model.durable();
    return state -> LeftImage.requireOldOrNew(state, IMAGE);
  }

  private static byte[] makeBase(SimulatedVolume volume, Random random, int overlayBytes)
      throws IOException {
    byte[] base = new byte[DiskVersion.SECTOR_BYTES * (1 + random.nextInt(overlayBytes / 256))];
    random.nextBytes(base);
    try (BlockFile file = volume.open(BASE, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(base), 0);
    }
    return base;
  }

  static void change(Change change, Qcow2Image disk, DiskModel model, byte[] below, Random random)
      throws IOException {
    int from = random.nextInt(model.sizeBytes());
    int length = 1 + random.nextInt(Math.min(model.sizeBytes() - from, MOST_BYTES));
    int snapshots = model.snapshotCount();
    switch (change) {
      case WRITE -> model.write(disk, from, randomBytes(random, length));
      case ZEROES -> model.writeZeroes(disk, from, length, random.nextBoolean());
      case DISCARD -> model.discard(disk, from, length);
      case COMPRESS ->
          model.writeCompressed(
              disk, from, 1 + random.nextInt(4), (byte) (1 + random.nextInt(100)));
      case SYNC -> model.sync(disk);
      case SNAPSHOT_CREATE -> model.createSnapshot(disk);
      case SNAPSHOT_APPLY -> {
        if (snapshots > 0) {
          model.applySnapshot(disk, random.nextInt(snapshots));
        }
      }
      case SNAPSHOT_DELETE -> {
        if (snapshots > 0) {
          model.deleteSnapshot(disk, random.nextInt(snapshots));
        }
      }
      case GROW_WITH_STORAGE -> {
        if (snapshots == 0 || disk.header().version() == 3) {
          growWithStorage(disk, model, random);
        }
      }
      case RESIZE -> {
        // Snapshots of version 2 cannot say their own size.
        if (snapshots == 0 || disk.header().version() == 3) {
          int most = Math.min(MOST_SECTORS, model.sizeBytes() / 256);
          int newBytes = DiskVersion.SECTOR_BYTES * (1 + random.nextInt(most));
          model.resize(disk, newBytes, below == null ? null : Arrays.copyOf(below, 1 << 20));
        }
      }
    }
  }

  /** To be called where snapshots know their own size, or there are none. */
  private static void growWithStorage(Qcow2Image disk, DiskModel model, Random random)
      throws IOException {
    int newBytes = model.sizeBytes() + DiskVersion.SECTOR_BYTES * (1 + random.nextInt(100));
    Preallocation[] all = Preallocation.values();
    model.grow(disk, newBytes, all[1 + random.nextInt(all.length - 1)]);
  }

  static byte[] randomBytes(Random random, int length) {
    byte[] data = new byte[length];
    random.nextBytes(data);
    return data;
  }
}
