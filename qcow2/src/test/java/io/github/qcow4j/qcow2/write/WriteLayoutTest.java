package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where written data comes to stand. */
class WriteLayoutTest {

  private static final int MIB = 1 << 20;

  @TempDir private Path directory;

  private QemuTools qemu;

  @BeforeEach
  void findQemu() {
    qemu = QemuTools.require();
  }

  @Test
  void dataThatFollowsInTheDiskFollowsInTheFile() throws IOException {
    Path ours = image("ours.qcow2", "");
    Path theirs = image("theirs.qcow2", "");

    try (Qcow2Image disk = WritableImage.open(ours)) {
      for (int i = 0; i < 3; i++) {
        disk.write(i * MIB, ByteBuffer.allocate(MIB).put(0, (byte) 1));
      }
    }
    qemu.io(theirs, "write 0 1M", "write 1M 1M", "write 2M 1M");

    assertThat(qemu.mapJson(ours)).isEqualTo(qemu.mapJson(theirs));
    qemu.assertCheckClean(ours);
  }

  @Test
  void zerosOverABackingFileAreDataWhereTheVersionHasNoZeroClusters() throws IOException {
    image("base.qcow2", "");
    Path overlay = directory.resolve("overlay.qcow2");
    qemu.createOverlay(overlay, "compat=0.10", "base.qcow2", "qcow2");

    try (Qcow2Image disk = WritableImage.open(overlay)) {
      disk.writeZeroes(MIB, MIB, true);

      Extent written = disk.extentAt(MIB, MIB);
      assertThat(written.depth()).isZero();
      assertThat(written.kind()).isEqualTo(Extent.Kind.DATA);
      assertThat(written.lengthBytes()).isEqualTo(MIB);
    }
    qemu.assertCheckClean(overlay);
  }

  @Test
  void aSnapshotMakesTheImageNoLongerThanQemuDoes() throws IOException {
    Path ours = image("ours.qcow2", "");
    Path theirs = image("theirs.qcow2", "");
    for (int i = 0; i < 3; i++) {
      for (Path image : List.of(ours, theirs)) {
        qemu.io(image, "write -P " + (i + 1) + " 0 64k");
      }

      try (Qcow2Image disk = WritableImage.open(ours)) {
        disk.createSnapshot("s" + i, Instant.EPOCH);
      }
      qemu.img("snapshot", "-c", "s" + i, theirs.toString()).orFail();

      assertThat(end(ours)).isLessThanOrEqualTo(end(theirs));
      assertThat(Files.size(ours)).isLessThanOrEqualTo(end(theirs));
      qemu.assertCheckClean(ours);
    }
  }

  @Test
  void anotherSizeWithinTheSameTablesMakesTheFileNoLonger() throws IOException {
    Path image = image("image.qcow2", "");
    qemu.io(image, "write 0 64k");
    long before = Files.size(image);

    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.resize(96 * MIB);
      disk.resize(32 * MIB);
    }

    assertThat(Files.size(image)).isEqualTo(before);
    assertThat(qemu.infoJson(image)).contains("\"virtual-size\": " + 32 * MIB);
    qemu.assertCheckClean(image);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"cluster_size=512,refcount_bits=64", "cluster_size=512", "cluster_size=4k"})
  void refcountBlocksThatCountNothingGoWhenADiskShrinks(String options) throws IOException {
    Path image = image("image.qcow2", options);
    qemu.io(image, "write -P 1 2M 4M", "write -P 2 0 2M");

    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.resize(3 * MIB);
      qemu.img("check", "-U", image.toString()).orFail();
      assertEveryRefcountBlockCountsAnotherCluster(image);
      disk.write(2 * MIB, ByteBuffer.allocate(1 << 20));
      disk.resize(MIB);
      disk.resize(64 * MIB);
      disk.write(40 * MIB, ByteBuffer.allocate(2 << 20));
      disk.resize(3 * MIB);
    }

    qemu.assertCheckClean(image);
    qemu.io(image, "read -P 2 0 1M", "read -P 0 1M 2M");
    assertEveryRefcountBlockCountsAnotherCluster(image);
  }

  private static void assertEveryRefcountBlockCountsAnotherCluster(Path image) {
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      int clusterSize = surgeon.clusterSizeBytes();
      long perBlock = 8L * clusterSize / surgeon.refcountBits();
      long entries = surgeon.get(HeaderField.REFCOUNT_TABLE_CLUSTERS) * clusterSize / 8;
      for (int i = 0; i < entries; i++) {
        long offset = surgeon.refcountTableEntry(i);
        if (offset != 0) {
          BitSet bits = BitSet.valueOf(surgeon.read(offset, clusterSize));
          boolean countsItself = offset / clusterSize / perBlock == i;
          assertThat(bits.cardinality()).as("block %d", i).isGreaterThan(countsItself ? 1 : 0);
        }
      }
    }
  }

  private String endLine(Path image) {
    return qemu.checkJson(image)
        .lines()
        .filter(l -> l.contains("image-end"))
        .findFirst()
        .orElseThrow();
  }

  private long end(Path image) {
    return Long.parseLong(endLine(image).replaceAll("\\D", ""));
  }

  private Path image(String name, String options) {
    Path image = directory.resolve(name);
    qemu.create(image, options, 64 * MIB);
    return image;
  }
}
