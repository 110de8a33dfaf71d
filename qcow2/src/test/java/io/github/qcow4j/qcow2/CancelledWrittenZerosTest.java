package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.commit.Commit;
import io.github.qcow4j.qcow2.commit.CommitOptions;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An image of version 2 cannot say zeros, and a job that has to write them stops among them. */
final class CancelledWrittenZerosTest {

  private static final long DISK_BYTES = 256L << 20;
  private static final long MOST_BYTES = DISK_BYTES / 2;
  private static final int CLUSTER_BITS = 16;

  @TempDir(factory = MemoryFolder.class)
  Path directory;

  private final JobControl control = new JobControl();

  /** A disk of data without storage, as nobody knows them for zeros without reading. */
  @BeforeEach
  void makeFloor() throws IOException {
    create("floor.qcow2", ImageSpec.ofSize(DISK_BYTES).withPlaces(Preallocation.METADATA, null));
  }

  /** A gigabyte was written before the job looked whether it should stop. */
  @Test
  void aCommitStopsAmongThem() throws IOException {
    ImageSpec base =
        new ImageSpec(
            DISK_BYTES, 2, CLUSTER_BITS, 4, CompressionType.ZLIB, false, false, null, null);
    create("base.qcow2", base.withBacking("floor.qcow2", "qcow2"));
    makeZeros("base.qcow2");
    Meter written = new Meter("write");
    assertThatThrownBy(() ->
            Commit.run(
                written.volume(),
                directory.resolve("zeros.qcow2"),
                ReferencePolicy.sameDirectory(),
                ImageOptions.of(ImageFormat.QCOW2),
                CommitOptions.DEFAULT,
                control))
        .isInstanceOf(JobCancelledException.class);
    assertThat(written.bytes).isBetween(1L, MOST_BYTES);
  }

  /** All that one L2 table leads to was made before the job looked whether it should stop. */
  @Test
  void aDowngradeStopsAmongThem() throws IOException {
    makeZeros("floor.qcow2");
    Meter made = new Meter("writeZeroes");
    try (DiskImage disk = open(made.volume(), "zeros.qcow2")) {
      assertThatThrownBy(
              () -> Amendment.run((Qcow2Image) disk, AmendRequest.NOTHING.withVersion(2), control))
          .isInstanceOf(JobCancelledException.class);
      assertThat(((Qcow2Image) disk).header().version()).isEqualTo(3);
    }
    assertThat(made.bytes).isBetween(1L, MOST_BYTES);
  }

  /** Counts what calls of one kind change, and cancels the job at the first. */
  private final class Meter {

    private final String call;
    private long bytes;

    Meter(String call) {
      this.call = call;
    }

    Volume volume() {
      return new TappedVolume(
              Volumes.host(),
              each -> {
                if (each.is(call)) {
                  control.cancel();
                  bytes += Math.max(each.lengthBytes(), 1L << CLUSTER_BITS);
                }
              })
          .volume();
    }
  }

  private void makeZeros(String backing) throws IOException {
    create("zeros.qcow2", ImageSpec.ofSize(DISK_BYTES).withBacking(backing, "qcow2"));
    try (DiskImage disk = open(Volumes.host(), "zeros.qcow2")) {
      disk.writeZeroes(0, DISK_BYTES, true);
      disk.sync();
    }
  }

  private void create(String name, ImageSpec spec) throws IOException {
    ImageCreation.create(Volumes.host(), directory.resolve(name), spec);
  }

  private DiskImage open(Volume volume, String name) throws IOException {
    return DiskImages.open(
        volume,
        directory.resolve(name),
        ReferencePolicy.sameDirectory(),
        ImageOptions.of(ImageFormat.QCOW2).withWriting());
  }
}
