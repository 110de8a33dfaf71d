package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.checksum.ChecksumAlgorithm;
import io.github.qcow4j.qcow2.checksum.ContentChecksum;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.testing.ContentDigest;
import io.github.qcow4j.qcow2.testing.Feature;
import io.github.qcow4j.qcow2.testing.ImageZoo;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ZooImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every image of the zoo, converted to raw by QEMU and by us, has the same content. */
class RawConversionOracleTest {

  private static final Volume VOLUME = Volumes.host();

  @TempDir private Path directory;

  @Test
  void everyImageConvertsToWhatQemuConvertsItTo() throws Exception {
    QemuTools qemu = QemuTools.require();
    ImageZoo zoo = ImageZoo.shared();
    zoo.forEach(image -> {
      Path theirs = directory.resolve("theirs.raw");
      Path ours = directory.resolve("ours.raw");
      qemu.convertToRaw(image.path(), theirs);
      try (DiskImage disk = open(image)) {
        convert(disk, ours, ConvertOptions.DEFAULT);
        assertThat(checksum(disk)).as("checksum").isEqualTo(checksumOfRaw(theirs));
      }
      assertSameContent(theirs, ours);
    });
  }

  @Test
  void everyInternalSnapshotConvertsToWhatQemuConvertsItTo() throws Exception {
    QemuTools qemu = QemuTools.require();
    ImageZoo zoo = ImageZoo.shared();
    zoo.forEach(
        zoo.with(Feature.SNAPSHOTS),
        image -> {
          try (Qcow2Image disk = (Qcow2Image) open(image)) {
            for (InternalSnapshot snapshot : disk.snapshots()) {
              Path theirs = directory.resolve("theirs.raw");
              Path ours = directory.resolve("ours.raw");
              qemu.convertToRaw(
                  image.path(), "qcow2", theirs, "-l", "snapshot.id=" + snapshot.id());
              convert(
                  disk.openSnapshot(snapshot, disk.virtualSize()), ours, ConvertOptions.DEFAULT);
              assertSameContent(theirs, ours);
            }
          }
        });
  }

  @Test
  void oneThreadAndNoSparsenessGiveTheSameContent() throws Exception {
    ImageZoo zoo = ImageZoo.shared();
    zoo.forEach(
        zoo.stream().filter(image -> !image.has(Feature.HUGE)).limit(30),
        image -> {
          Path parallel = directory.resolve("parallel.raw");
          Path single = directory.resolve("single.raw");
          try (DiskImage disk = open(image)) {
            convert(disk, parallel, ConvertOptions.DEFAULT);
            convert(disk, single, new ConvertOptions(1, 0, false, 0));
          }
          assertSameContent(parallel, single);
          assertThat(VOLUME.status(single).allocatedBytes())
              .as("with -S 0 every byte has storage")
              .isGreaterThanOrEqualTo(VOLUME.status(single).sizeBytes());
        });
  }

  static DiskImage open(ZooImage image) throws IOException {
    return DiskImages.open(
        VOLUME,
        image.path(),
        ReferencePolicy.allow(),
        ImageOptions.of(ImageFormat.byLabel(image.chain().getFirst().format()).orElseThrow()));
  }

  static ConvertResult convert(DiskImage disk, Path to, ConvertOptions options) throws IOException {
    try (ConvertTarget target = RawTargets.create(VOLUME, to, disk.virtualSize())) {
      return Conversion.run(
          List.of(disk), target, options, new JobControl(), (offset, length, cause) -> {});
    }
  }

  private static String checksumOfRaw(Path raw) throws IOException {
    try (DiskImage disk =
        DiskImages.open(VOLUME, raw, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.RAW))) {
      return checksum(disk);
    }
  }

  private static String checksum(DiskImage disk) throws IOException {
    return HexFormat.of()
        .formatHex(ContentChecksum.run(disk, ChecksumAlgorithm.CRC32C, 2, new JobControl()));
  }

  static void assertSameContent(Path theirs, Path ours) throws IOException {
    assertThat(Files.size(ours)).as("size of the disk").isEqualTo(Files.size(theirs));
    assertThat(ContentDigest.ofRaw(ours)).isEqualTo(ContentDigest.ofRaw(theirs));
  }
}
