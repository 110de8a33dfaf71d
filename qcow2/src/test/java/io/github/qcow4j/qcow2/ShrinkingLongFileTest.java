package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.CheckReport.Outcome;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * A file can be as long as its holes make it. When the disk in it is made smaller, what is free is
 * not looked at cluster by cluster: here that would take days.
 */
final class ShrinkingLongFileTest {

  private static final Path IMAGE = Path.of("/disk.qcow2");

  @Test
  void aFileOfHolesIsCutAtOnce() throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    ImageCreation.create(volume, IMAGE, ImageSpec.ofSize(1 << 20));
    long bytesBefore = volume.status(IMAGE).sizeBytes();
    try (BlockFile file = volume.open(IMAGE, OpenOptions.writing())) {
      file.truncate(1L << 60);
    }

    shrink(volume);

    assertThat(volume.status(IMAGE).sizeBytes()).isLessThanOrEqualTo(bytesBefore + 65536);
    assertThat(outcome(volume)).isEqualTo(Outcome.CONSISTENT);
  }

  /**
   * What is counted at the far end of what the refcount table can count stays. So does what is not
   * counted and has been written: a wrong counter is not to lose somebody's data.
   */
  @Test
  void whatIsCountedBehindManyMissingBlocksStays() throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    ImageCreation.create(volume, IMAGE, ImageSpec.ofSize(1 << 20));
    long cluster = 65536;
    long farCluster = (cluster / Long.BYTES - 1) * (cluster / Short.BYTES);
    long middle = farCluster / 2 * cluster;
    try (BlockFile file = volume.open(IMAGE, OpenOptions.writing())) {
      // The last entry of the table, whose block counts itself and a cluster that nobody refers to.
      file.write(longs(farCluster * cluster), 2 * cluster - Long.BYTES);
      file.truncate((farCluster + 2) * cluster);
      file.write(longs(0x0001_0001_0000_0000L), farCluster * cluster);
      file.write(longs(1), middle);
    }

    shrink(volume);

    assertThat(volume.status(IMAGE).sizeBytes()).isEqualTo((farCluster + 2) * cluster);
    try (BlockFile file = volume.open(IMAGE, OpenOptions.reading())) {
      assertThat(read(file, middle)).isOne();
      assertThat(read(file, farCluster * cluster)).isEqualTo(0x0001_0001_0000_0000L);
    }
    assertThat(outcome(volume)).isEqualTo(Outcome.LEAKING);
  }

  private static void shrink(SimulatedVolume volume) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    try (Qcow2Image disk =
        (Qcow2Image) DiskImages.open(volume, IMAGE, ReferencePolicy.deny(), options)) {
      disk.resize(1 << 19);
    }
  }

  private static Outcome outcome(SimulatedVolume volume) throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, IMAGE)) {
      return check.run(finding -> {}, new JobControl()).outcome();
    }
  }

  private static ByteBuffer longs(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(0, value);
  }

  private static long read(BlockFile file, long fileOffset) throws IOException {
    ByteBuffer value = ByteBuffer.allocate(Long.BYTES);
    assertThat(file.read(value, fileOffset)).isEqualTo(Long.BYTES);
    return value.getLong(0);
  }
}
