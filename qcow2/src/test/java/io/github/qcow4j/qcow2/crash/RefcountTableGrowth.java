package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageCreation;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;

/**
 * An image that outgrows its refcount table: with clusters of 512 bytes and refcounts of 64 bits,
 * one cluster of the table describes 2 MiB of file.
 */
final class RefcountTableGrowth implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int DISK_BYTES = 2200 << 10;
  private static final int FILLED_BYTES = 1900 << 10;
  private static final int STEPS = 10;
  private static final int STEP_BYTES = 30_000;

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageCreation.create(volume, IMAGE, ImageSpecs.of(DISK_BYTES, 3, 9, 6, false));
    byte[] content = new byte[DISK_BYTES];
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      byte[] filling = RandomChanges.randomBytes(random, FILLED_BYTES);
      System.arraycopy(filling, 0, content, 0, FILLED_BYTES);
      disk.write(0, ByteBuffer.wrap(filling));
    }
    volume.settle();
    DiskModel model = new DiskModel(volume, IMAGE, content);
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      for (int step = 0; step < STEPS; step++) {
        int from = FILLED_BYTES + random.nextInt(DISK_BYTES - FILLED_BYTES - STEP_BYTES);
        model.write(disk, from, RandomChanges.randomBytes(random, STEP_BYTES));
        if (random.nextInt(4) == 0) {
          model.sync(disk);
        }
      }
    }
    model.durable();
    return state -> LeftImage.requireOldOrNew(state, IMAGE);
  }
}
