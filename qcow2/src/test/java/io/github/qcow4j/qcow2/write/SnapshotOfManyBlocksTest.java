package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Snapshots of images whose clusters several refcount blocks count, some of which count data only:
 * where these blocks stand while a snapshot is taken is not where the file is cut off.
 */
final class SnapshotOfManyBlocksTest {

  private static final QemuTools QEMU = QemuTools.require();

  @TempDir private Path directory;

  private final Volume volume = Volumes.host();

  @ParameterizedTest
  @CsvSource({
    "16, 4, 5G",
    "16, 4, 10G",
    "16, 6, 3G",
    "12, 4, 40M",
    "10, 5, 3M",
    "9, 4, 600K",
    "9, 6, 1M",
    "9, 3, 1M",
    "9, 4, 1200K"
  })
  void stayWhole(int clusterBits, int refcountOrder, String size) throws IOException {
    Path image = create(clusterBits, refcountOrder, bytes(size));
    takeAndDelete(image, 4);
  }

  @Test
  void stayWholeInADiskThatGrew() throws IOException {
    Path image = create(9, 4, 300 << 10);
    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.resize(1200 << 10, Preallocation.METADATA, new JobControl());
    }
    takeAndDelete(image, 4);
  }

  /** The structure that a change of the width leaves is in another order than a grown one. */
  @ParameterizedTest
  @CsvSource({"16, 64", "64, 16", "8, 32"})
  void stayWholeAfterTheWidthChanged(int oldBits, int newBits) throws IOException {
    Path image = directory.resolve("image.qcow2");
    String options = "cluster_size=512,preallocation=metadata,refcount_bits=" + oldBits;
    QEMU.create(image, options, 1000 << 10);
    QEMU.img("amend", "-o", "refcount_bits=" + newBits, image.toString()).orFail();
    takeAndDelete(image, 4);
  }

  private void takeAndDelete(Path image, int times) throws IOException {
    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.write(disk.virtualSize() - 512, ByteBuffer.allocate(512).put(0, (byte) 7));
    }
    for (int i = 0; i < times; i++) {
      try (Qcow2Image disk = WritableImage.open(image)) {
        disk.createSnapshot("s" + i, Instant.EPOCH);
      }
      QEMU.assertCheckClean(image);
      try (Qcow2Image disk = WritableImage.open(image)) {
        disk.write(512L * i, ByteBuffer.allocate(512).put(0, (byte) i));
        if (i % 2 == 1) {
          disk.deleteSnapshot(disk.snapshots().getFirst());
        }
      }
      QEMU.assertCheckClean(image);
    }
    try (Qcow2Image disk = WritableImage.open(image)) {
      ByteBuffer last = ByteBuffer.allocate(512);
      disk.openSnapshot(disk.snapshots().getLast()).read(disk.virtualSize() - 512, last);
      assertThat(last.get(0)).isEqualTo((byte) 7);
    }
  }

  private Path create(int clusterBits, int refcountOrder, long sizeBytes) throws IOException {
    Path image = directory.resolve("image.qcow2");
    ImageSpec spec =
        new ImageSpec(
            sizeBytes,
            3,
            clusterBits,
            refcountOrder,
            CompressionType.ZLIB,
            false,
            false,
            null,
            null);
    ImageCreation.create(volume, image, spec.withPlaces(Preallocation.METADATA, null));
    return image;
  }

  private static long bytes(String size) {
    long number = Long.parseLong(size.substring(0, size.length() - 1));
    return number << (10 * (1 + "KMG".indexOf(size.charAt(size.length() - 1))));
  }
}
