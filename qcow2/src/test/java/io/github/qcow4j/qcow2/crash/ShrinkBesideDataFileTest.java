package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageCreation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Shrinks are durable, and what they say is of the disk as it was written. */
class ShrinkBesideDataFileTest {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int OLD_BYTES = 64 << 10;

  /** Within the last cluster: a table that changes would make the data durable first. */
  private static final int NEW_BYTES = OLD_BYTES - 512;

  @Test
  void aSmallerDiskHoldsWhatWasWrittenBefore() throws Exception {
    Random random = new Random(1);
    SimulatedVolume volume = SimulatedVolume.create();
    ImageCreation.create(
        volume,
        IMAGE,
        ImageSpecs.withDataFile(random, ImageSpecs.of(OLD_BYTES, 3, 12, 4, false), IMAGE, false));
    byte[] content = new byte[OLD_BYTES];
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      disk.write(0, ByteBuffer.wrap(content));
      disk.sync();
      volume.settle();
      random.nextBytes(content);
      disk.write(0, ByteBuffer.wrap(content));
      disk.resize(NEW_BYTES);
    }
    byte[] wanted = Arrays.copyOf(content, NEW_BYTES);
    CrashExplorer.of(volume).explore(state -> requireOldSizeOrAll(state, wanted));
  }

  private static void requireOldSizeOrAll(CrashState state, byte[] wanted) throws IOException {
    try (Qcow2Image disk = LeftImage.open(state.volume(), IMAGE, false)) {
      if (disk.virtualSize() == NEW_BYTES) {
        assertThat(Arrays.mismatch(LeftImage.read(disk), wanted))
            .as("first byte that is not as it was written")
            .isEqualTo(-1);
      }
    }
  }
}
