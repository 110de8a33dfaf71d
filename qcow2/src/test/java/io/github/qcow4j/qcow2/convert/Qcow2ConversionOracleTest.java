package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.Feature;
import io.github.qcow4j.qcow2.testing.ImageZoo;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ZooImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images of the zoo, converted to qcow2 by us, are clean for QEMU and have the same content. */
class Qcow2ConversionOracleTest {

  private static final Volume VOLUME = Volumes.host();

  @TempDir private Path directory;

  @Test
  void flattenedImagesAreCleanAndHaveTheSameContent() throws Exception {
    QemuTools qemu = QemuTools.require();
    ImageZoo zoo = ImageZoo.shared();
    zoo.forEach(
        zoo.stream().filter(ImageZoo.oneIn(5)).filter(image -> !image.has(Feature.HUGE)),
        image -> {
          Random random = new Random(zoo.seed() + image.number());
          Path target = directory.resolve("flat.qcow2");
          ImageSpec spec = spec(random, image.virtualSizeBytes());
          Qcow2Targets.Storage storage =
              new Qcow2Targets.Storage(random.nextBoolean(), 0, random.nextBoolean());
          try (DiskImage disk = RawConversionOracleTest.open(image)) {
            convert(disk, target, spec, null, storage);
          }
          assertSame(qemu, image, target, spec + " " + storage);
        });
  }

  @Test
  void theTopLayerAloneOverItsBackingFileHasTheSameContent() throws Exception {
    QemuTools qemu = QemuTools.require();
    ImageZoo zoo = ImageZoo.shared();
    zoo.forEach(
        zoo.with(Feature.CHAIN).filter(ImageZoo.oneIn(5)).filter(image -> !image.has(Feature.HUGE)),
        image -> {
          Random random = new Random(zoo.seed() + image.number());
          Path target = directory.resolve("overlay.qcow2");
          try (DiskImage disk = RawConversionOracleTest.open(image)) {
            DiskImage backing = disk.backing();
            ImageSpec spec =
                spec(random, image.virtualSizeBytes())
                    .withBacking(
                        backing.path().toAbsolutePath().toString(), backing.format().label());
            boolean compressed = random.nextBoolean();
            convert(disk, target, spec, backing, new Qcow2Targets.Storage(compressed, 0, true));
          }
          assertSame(qemu, image, target, "over its backing file");
        });
  }

  @Test
  void theResultDoesNotDependOnTheNumberOfThreads() throws Exception {
    ImageZoo zoo = ImageZoo.shared();
    zoo.forEach(
        zoo.stream().filter(image -> !image.has(Feature.HUGE)).limit(20),
        image -> {
          Path one = directory.resolve("one.qcow2");
          Path many = directory.resolve("many.qcow2");
          ImageSpec spec = spec(new Random(image.number()), image.virtualSizeBytes());
          Qcow2Targets.Storage storage = new Qcow2Targets.Storage(true, 0, true);
          try (DiskImage disk = RawConversionOracleTest.open(image)) {
            convert(disk, one, spec, null, storage, 1);
            convert(disk, many, spec, null, storage, 16);
          }
          assertThat(Files.mismatch(one, many)).isEqualTo(-1);
        });
  }

  static ImageSpec spec(Random random, long sizeBytes) {
    int version = random.nextInt(5) == 0 ? 2 : 3;
    int clusterBits = 9 + random.nextInt(13);
    boolean extended = version == 3 && clusterBits >= 14 && random.nextInt(3) == 0;
    return new ImageSpec(
        sizeBytes,
        version,
        clusterBits,
        version == 2 ? 4 : random.nextInt(7),
        version == 3 && random.nextBoolean() ? CompressionType.ZSTD : CompressionType.ZLIB,
        extended,
        false,
        null,
        null);
  }

  private static void convert(
      DiskImage disk, Path to, ImageSpec spec, DiskImage backing, Qcow2Targets.Storage storage)
      throws IOException {
    convert(disk, to, spec, backing, storage, 8);
  }

  private static void convert(
      DiskImage disk,
      Path to,
      ImageSpec spec,
      DiskImage backing,
      Qcow2Targets.Storage storage,
      int parallelism)
      throws IOException {
    try (ConvertTarget target = Qcow2Targets.create(VOLUME, to, spec, backing, storage)) {
      Conversion.run(
          List.of(disk),
          target,
          new ConvertOptions(parallelism, 4096, false, 0),
          new JobControl(),
          (offset, length, cause) -> {});
    }
  }

  private static void assertSame(QemuTools qemu, ZooImage image, Path target, String how)
      throws Exception {
    qemu.assertCheckClean(target);
    String format = image.chain().getFirst().format();
    assertThat(ImageFormat.byLabel(format)).isPresent();
    assertThat(
            qemu.img(
                    "compare",
                    "-f",
                    format,
                    "-F",
                    "qcow2",
                    image.path().toString(),
                    target.toString())
                .stdout())
        .as(how)
        .contains("Images are identical.");
  }
}
