package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The options that qemu-img 10.2 has, by letter and by name, are there. */
final class LongOptionsTest {

  private static final String OURS = "references max-chain max-size";

  @ParameterizedTest
  @CsvSource({
    "bench, c/count d/depth f/format image-opts flush-interval i/aio n/native no-drain o/offset"
        + " pattern s/buffer-size S/step-size t/cache w/write U/force-share q/quiet object",
    "bitmap, add remove clear enable disable merge g/granularity b/source-file F/source-format"
        + " f/format image-opts object",
    "check, f/format image-opts T/cache r/repair U/force-share output q/quiet object",
    "commit, f/format image-opts t/cache b/base d/drop r/rate-limit p/progress q/quiet object",
    "compare, f/a-format F/b-format image-opts s/strict T/cache U/force-share p/progress q/quiet"
        + " object",
    "convert, f/source-format image-opts T/source-cache l/snapshot bitmaps skip-broken-bitmaps"
        + " salvage O/target-format target-image-opts o/target-format-options t/target-cache"
        + " b/backing F/backing-format S/sparse-size n/no-create target-is-zero c/compress"
        + " U/force-share r/rate-limit m/parallel W/oob-writes C/copy-range-offloading p/progress"
        + " q/quiet object",
    "create, f/format o/options b/backing u/backing-unsafe q/quiet object",
    "dd, f/format image-opts O/output-format U/force-share object",
    "info, f/format image-opts backing-chain t/cache limits U/force-share output object",
    "map, f/format image-opts s/start-offset l/max-length output U/force-share object",
    "measure, f/format image-opts l/snapshot O/target-format o/target-format-options U/force-share"
        + " output s/size object",
    "rebase, f/format image-opts t/cache b/backing T/backing-cache u/backing-unsafe c/compress"
        + " U/force-share p/progress q/quiet object",
    "resize, f/format image-opts preallocation shrink q/quiet object",
    "snapshot, l/list a/apply c/create d/delete f/format image-opts U/force-share q/quiet object",
  })
  void areThere(String command, String options) {
    OurRun help = OurRun.asQemuImg(command, "--help");

    assertThat(help.exitCode()).isZero();
    for (String option : (options + " " + OURS).split(" ", -1)) {
      String[] names = option.split("/", -1);
      String shown = names.length == 1 ? "--" + names[0] : "-" + names[0] + ", --" + names[1];
      assertThat(help.stdout().replaceAll("(-[A-Za-z], )(-[A-Za-z], )--", "$1--"))
          .as("%s of %s", shown, command)
          .containsPattern("(?m)^ +" + shown + "(=|\\s)");
    }
  }

  @ParameterizedTest
  @CsvSource({"create", "rebase", "convert"})
  void backingFileAndFormatAreUnderstoodByOldAndNewLetters(String command) {
    String help = OurRun.asQemuImg(command, "--help").stdout();

    for (String letter : Arrays.asList("-b", "-B", "-F")) {
      assertThat(help).containsPattern(letter + ",");
    }
  }
}
