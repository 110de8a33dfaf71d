package io.github.qcow4j.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sizes for people look as qemu-img's do. */
final class SizeFormatTest {

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1, 1 B",
    "512, 512 B",
    "999, 999 B",
    "1000, 0.977 KiB",
    "1023, 0.999 KiB",
    "1024, 1 KiB",
    "1536, 1.5 KiB",
    "1023487, 999 KiB",
    "1023488, 1e+03 KiB",
    "1023999, 1e+03 KiB",
    "1024000, 0.977 MiB",
    "10485760, 10 MiB",
    "1593835, 1.52 MiB",
    "9223372036854775807, 8 EiB"
  })
  void isThreeDigitsAndABinaryUnit(long bytes, String text) {
    assertThat(SizeFormat.of(bytes)).isEqualTo(text);
  }

  /** A number's exact digits are the Java platform's; also those of numbers between two others. */
  @Test
  void isWhatDecimalArithmeticSays() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    LongStream.generate(() -> random.nextLong() >>> (1 + random.nextInt(63)))
        .limit(100_000)
        .flatMap(size -> LongStream.of(size, size & -(1L << random.nextInt(50))))
        .forEach(size -> {
          assertThat(SizeFormat.of(size)).as("%d, seed %d", size, seed).isEqualTo(decimally(size));
        });
  }

  private static String decimally(long size) {
    int unit = 0;
    while (unit < 6 && size >= 1000L << (10 * unit)) {
      unit++;
    }
    BigDecimal rounded =
        new BigDecimal((double) size / (1L << (10 * unit)))
            .round(new MathContext(3, RoundingMode.HALF_EVEN));
    String digits =
        rounded.compareTo(BigDecimal.valueOf(1000)) >= 0
            ? "1e+03"
            : rounded.stripTrailingZeros().toPlainString();
    return digits + " " + List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB").get(unit);
  }

  /** The virtual size of a version 2 image with one large L1 table can be almost anything. */
  @Test
  void isWhatQemuImgInfoSays() {
    QemuTools qemu = QemuTools.require();
    Path image = directory.resolve("image.qcow2");
    qemu.create(image, "cluster_size=2M", 0);
    ImageSurgeon.operate(image, s -> s.set(HeaderField.L1_SIZE, 1 << 20));
    Random random = new Random(42);
    LongStream sizes =
        LongStream.concat(
            LongStream.of(512, 999 * 512, 1000 * 512, 1023999 / 512 * 512, 1 << 20, 1L << 58),
            LongStream.generate(() -> (random.nextLong() >>> (6 + random.nextInt(48))) & -512)
                .limit(150));
    sizes.forEach(size -> {
      ImageSurgeon.operate(image, s -> s.set(HeaderField.SIZE, size));
      assertThat(qemu.img("info", "-f", "qcow2", image.toString()).orFail().stdout())
          .contains("virtual size: " + SizeFormat.of(size) + " (" + size + " bytes)\n");
    });
  }
}
