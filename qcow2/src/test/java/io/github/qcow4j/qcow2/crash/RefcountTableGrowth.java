package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/**
 * An image that outgrows its refcount table: with clusters of 512 bytes and refcounts of 64 bits,
 * one cluster of the table describes 2 MiB of file.
 */
final class RefcountTableGrowth implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int DISK_BYTES = 2200 << 10;
  private static final int FILLED_BYTES = 1940 << 10;
  private static final int STEPS = 10;
  private static final int STEP_BYTES = 30_000;

  /** The same for all runs: filling it takes longer than all the rest. */
  private static final byte[] CONTENT = content();

  private static final SimulatedVolume FILLED = filled();

  private static byte[] content() {
    byte[] filling = RandomChanges.randomBytes(new Random(1), FILLED_BYTES);
    return Arrays.copyOf(filling, DISK_BYTES);
  }

  private static SimulatedVolume filled() {
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    try {
      ImageCreation.create(volume, IMAGE, ImageSpecs.of(DISK_BYTES, 3, 9, 6, false));
      try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
        disk.write(0, ByteBuffer.wrap(CONTENT, 0, FILLED_BYTES));
      }
      return volume;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    volume.takeFrom(FILLED);
    volume.settle();
    Qcow2Header before = header(volume);
    DiskModel model = new DiskModel(volume, IMAGE, CONTENT);
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
    Qcow2Header after = header(volume);
    assertThat(after.refcountTableClusters())
        .as("clusters of the refcount table")
        .isGreaterThan(before.refcountTableClusters());
    assertThat(after.refcountTableOffset())
        .as("where the refcount table is now")
        .isNotEqualTo(before.refcountTableOffset());
    return state -> LeftImage.requireOldOrNew(state, IMAGE);
  }

  private static Qcow2Header header(SimulatedVolume volume) throws IOException {
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, false)) {
      return disk.header();
    }
  }
}
