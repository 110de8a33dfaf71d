package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Libdeflate;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What we compress is no larger than what QEMU does, and clean and the same for it. */
class CompressionOracleTest {

  private static final Volume VOLUME = Volumes.host();

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource(CompressionType.class)
  void imagesAreNoLargerThanThoseOfQemuAndReadByItAlike(CompressionType type) throws Exception {
    QemuTools qemu = QemuTools.require();
    Path raw = raw();
    Path ours = directory.resolve("ours.qcow2");
    Path theirs = directory.resolve("theirs.qcow2");
    String option = "compression_type=" + (type == CompressionType.ZSTD ? "zstd" : "zlib");
    qemu.img(
            "convert",
            "-c",
            "-f",
            "raw",
            "-O",
            "qcow2",
            "-o",
            option,
            raw.toString(),
            theirs.toString())
        .orFail();

    convert(raw, "raw", ours, type);

    qemu.assertCheckClean(ours);
    qemu.img("compare", "-f", "raw", "-F", "qcow2", raw.toString(), ours.toString()).orFail();
    long most = Files.size(theirs);
    assertThat(Files.size(ours))
        .isLessThanOrEqualTo(type == CompressionType.ZLIB ? most : most + most / 100);

    Path again = directory.resolve("again.qcow2");
    convert(theirs, "qcow2", again, type);
    assertThat(Files.mismatch(ours, again)).isEqualTo(-1);
  }

  @Test
  void noContextOfALibraryIsLeftOpen() throws Exception {
    long before = Libdeflate.openContexts();
    Path ours = directory.resolve("ours.qcow2");
    convert(raw(), "raw", ours, CompressionType.ZLIB);
    convert(ours, "qcow2", directory.resolve("again.qcow2"), CompressionType.ZLIB);

    assertThat(Libdeflate.openContexts()).isEqualTo(before);
  }

  private static void convert(Path from, String format, Path to, CompressionType type)
      throws IOException {
    try (DiskImage disk =
        DiskImages.open(
            VOLUME,
            from,
            ReferencePolicy.allow(),
            ImageOptions.of(ImageFormat.byLabel(format).orElseThrow()))) {
      ImageSpec spec = new ImageSpec(disk.virtualSize(), 3, 16, 4, type, false, false, null, null);
      try (ConvertTarget target =
          Qcow2Targets.create(VOLUME, to, spec, null, new Qcow2Targets.Storage(true, 0, true))) {
        Conversion.run(
            List.of(disk),
            target,
            ConvertOptions.DEFAULT,
            new JobControl(),
            (offset, length, cause) -> {});
      }
    }
  }

  /** Classes, a log, records, noise, zeros, and half a cluster at the end. */
  private Path raw() throws IOException {
    SplittableRandom random = new SplittableRandom(6);
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    try (var classes = Files.walk(Path.of("target/classes"))) {
      for (Path each : classes.filter(Files::isRegularFile).sorted().limit(400).toList()) {
        content.write(Files.readAllBytes(each));
      }
    }
    for (int i = 0; i < 20_000; i++) {
      String line =
          "2026-11-%02d 12:%02d host%d app[%d]: request id=%08x latency=%dms\n"
              .formatted(
                  1 + random.nextInt(28),
                  random.nextInt(60),
                  random.nextInt(4),
                  random.nextInt(30_000),
                  random.nextInt(),
                  random.nextInt(1000));
      content.write(line.getBytes(StandardCharsets.US_ASCII));
    }
    content.write(Workbench.randomBytes(300_000, 1));
    content.write(new byte[300_000]);
    content.write(Workbench.halfRandomBytes(300_000, 2));
    byte[] bytes = content.toByteArray();
    Path raw = directory.resolve("content.raw");
    return Files.write(raw, Arrays.copyOf(bytes, (bytes.length | 0x7FFF) + 1));
  }
}
