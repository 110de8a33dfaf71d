package io.github.qcow4j.cli.option;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sizes mean what they mean to qemu-img, and are refused in its words. */
final class SizeTextTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "1",
        "512",
        "1023",
        "1b",
        "1B",
        "1k",
        "1K",
        "3M",
        "3m",
        "2G",
        "2g",
        "1T",
        "1P",
        "1E",
        "7E",
        "8E",
        "0x10",
        "0X1F",
        "0x10k",
        "1.5k",
        "1.5",
        "1.0",
        "1.k",
        ".5k",
        "0.5k",
        "1.999999k",
        "1.5E",
        "0.0000001k",
        "",
        " ",
        " 5",
        "5 ",
        "-1",
        "+5",
        "--5",
        "k",
        "1kk",
        "1kB",
        "1KiB",
        "x",
        "0x",
        "1e3",
        "1e3k",
        "010",
        "9223372036854775296",
        "9223372036854774784",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999",
        "1,5k",
        "0x1.8k",
        "1..5k",
        "nan",
        "inf",
        "1_000",
        "\u0661",
        "1.5b",
        "1.0b",
        "00012"
      })
  void isTakenOrRefusedAsQemuImgDoes(String text) {
    assertSame(text);
  }

  @Test
  void drawnSizesMeanTheSame() {
    Random random = new Random(20_260_731L);
    for (int i = 0; i < 60; i++) {
      String fraction = random.nextBoolean() ? "" : "." + random.nextInt(100_000);
      assertSame(random.nextInt(4096) + fraction + "kMGTP".charAt(random.nextInt(5)));
    }
  }

  private static void assertSame(String text) {
    List<String> arguments = List.of("measure", "--size", text);
    ToolRun theirs = QemuTools.require().img(arguments);
    OurRun ours = OurRun.asQemuImg(arguments);
    assertThat(ours.stdout() + ours.stderr())
        .as("what is said of the size '%s'", text)
        .isEqualTo(theirs.stdout() + theirs.stderr().replaceAll("(?m)^qemu-img: warning.*\n", ""));
    assertThat(ours.exitCode()).isEqualTo(theirs.exitCode());
  }
}
