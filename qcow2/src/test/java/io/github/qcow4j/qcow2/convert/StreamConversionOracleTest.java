package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.Feature;
import io.github.qcow4j.qcow2.testing.ImageZoo;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ZooImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images of the zoo, streamed from front to back, are clean for QEMU and have the same content. */
class StreamConversionOracleTest {

  @TempDir private Path directory;

  private final ImageZoo zoo = ImageZoo.shared();

  @Test
  void streamedImagesAreCleanAndHaveTheSameContent() {
    QemuTools qemu = QemuTools.require();
    zoo.forEach(
        zoo.stream().filter(ImageZoo.oneIn(5)).filter(image -> !image.has(Feature.HUGE)),
        image -> {
          Random random = new Random(zoo.seed() + image.number());
          ImageSpec spec = Qcow2ConversionOracleTest.spec(random, image.virtualSizeBytes());
          boolean compressed = random.nextBoolean();
          int sparse = random.nextInt(4) == 0 ? 0 : 4096;
          Path target = directory.resolve("streamed.qcow2");
          try (DiskImage disk = RawConversionOracleTest.open(image)) {
            stream(disk, spec, compressed, sparse, target);
          }
          assertSame(qemu, image, target, spec + (compressed ? " compressed" : " plain"));
        });
  }

  @Test
  void theTopLayerAloneOverItsBackingFileHasTheSameContent() {
    QemuTools qemu = QemuTools.require();
    zoo.forEach(
        zoo.with(Feature.CHAIN).filter(ImageZoo.oneIn(5)).filter(image -> !image.has(Feature.HUGE)),
        image -> {
          Random random = new Random(zoo.seed() + image.number());
          Path target = directory.resolve("overlay.qcow2");
          try (DiskImage disk = RawConversionOracleTest.open(image)) {
            DiskImage backing = disk.backing();
            ImageSpec spec =
                Qcow2ConversionOracleTest.spec(random, image.virtualSizeBytes())
                    .withBacking(
                        backing.path().toAbsolutePath().toString(), backing.format().label());
            stream(disk, spec, random.nextBoolean(), 4096, target);
          }
          assertSame(qemu, image, target, "over its backing file");
        });
  }

  @Test
  void rawStreamsHaveEveryByte() {
    QemuTools qemu = QemuTools.require();
    zoo.forEach(
        zoo.stream().filter(ImageZoo.oneIn(11)).filter(image -> !image.has(Feature.HUGE)),
        image -> {
          Path target = directory.resolve("streamed.raw");
          Path theirs = directory.resolve("theirs.raw");
          try (DiskImage disk = RawConversionOracleTest.open(image);
              WritableByteChannel channel = Channels.newChannel(Files.newOutputStream(target))) {
            StreamConversion.toRaw(
                List.of(disk),
                channel,
                ConvertOptions.DEFAULT,
                new JobControl(),
                (offset, length, cause) -> {});
          }
          qemu.convertToRaw(image.path(), image.chain().getFirst().format(), theirs);
          assertThat(Files.mismatch(target, theirs)).isEqualTo(-1);
        });
  }

  @Test
  void manyCompressedClustersShareAHostClusterOnlyAsFarAsRefcountsTell() throws Exception {
    QemuTools qemu = QemuTools.require();
    Path source = directory.resolve("source.raw");
    byte[] bytes = new byte[3 << 20];
    Random random = new Random(7);
    for (int i = 0; i < bytes.length; i += 700) {
      bytes[i] = (byte) random.nextInt();
    }
    Files.write(source, bytes);
    for (int order = 0; order <= 6; order++) {
      Path target = directory.resolve("packed.qcow2");
      ImageSpec spec =
          new ImageSpec(bytes.length, 3, 14, order, CompressionType.ZLIB, false, false, null, null);
      try (DiskImage disk =
          DiskImages.open(
              Volumes.host(), source, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.RAW))) {
        stream(disk, spec, true, 4096, target);
      }
      qemu.assertCheckClean(target);
      assertThat(qemu.img("compare", source.toString(), target.toString()).stdout())
          .isEqualTo("Images are identical.\n");
    }
  }

  @Test
  void aSourceThatChangesBetweenThePassesIsNotSentAsIfItHadNot() throws Exception {
    Path source = directory.resolve("source.raw");
    Files.write(source, new byte[1 << 20]);
    byte[] text = "some text that compresses, ".repeat(10_000).getBytes(StandardCharsets.UTF_8);
    try (var file = Files.newByteChannel(source, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(text));
    }
    WritableByteChannel meddling =
        Channels.newChannel(
            new OutputStream() {
              private boolean done;

              @Override
              public void write(int b) {}

              @Override
              public void write(byte[] bytes, int offset, int length) throws IOException {
                if (!done) {
                  done = true;
                  byte[] other = new byte[text.length];
                  new Random(1).nextBytes(other);
                  Files.write(source, other, StandardOpenOption.WRITE);
                }
              }
            });
    try (DiskImage disk =
        DiskImages.open(
            Volumes.host(), source, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.RAW))) {
      assertThatThrownBy(() ->
              StreamConversion.toQcow2(
                  List.of(disk),
                  ImageSpec.ofSize(1 << 20),
                  new Qcow2Targets.Storage(true, 0, true),
                  meddling,
                  ConvertOptions.DEFAULT,
                  new JobControl(),
                  (offset, length, cause) -> {}))
          .isInstanceOf(IOException.class)
          .hasMessage("A source changed while it was read");
    }
  }

  private static void stream(
      DiskImage disk, ImageSpec spec, boolean compressed, int sparseBytes, Path target)
      throws IOException {
    try (WritableByteChannel channel = Channels.newChannel(Files.newOutputStream(target))) {
      StreamConversion.toQcow2(
          List.of(disk),
          spec,
          new Qcow2Targets.Storage(compressed, 0, true),
          channel,
          new ConvertOptions(4, sparseBytes, false, 0),
          new JobControl(),
          (offset, length, cause) -> {});
    }
  }

  private static void assertSame(QemuTools qemu, ZooImage image, Path target, String how) {
    qemu.assertCheckClean(target);
    String format = image.chain().getFirst().format();
    String source = image.path().toString();
    assertThat(qemu.img("compare", "-f", format, "-F", "qcow2", source, target.toString()).stdout())
        .as(how)
        .contains("Images are identical.");
  }
}
