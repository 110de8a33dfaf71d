package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.util.ArrayList;
import java.util.List;

/** Where this program and qemu-img did not say or do the same, all told at the end. */
final class Disagreements {

  private static final int MAX_SHOWN = 700;

  private final List<String> found = new ArrayList<>();

  /** Whether both ended alike, with the same words. */
  static boolean isSame(ToolRun theirs, OurRun ours) {
    return ours.exitCode() == theirs.exitCode()
        && ours.stdout().equals(theirs.stdout())
        && ours.stderr().equals(theirs.stderr());
  }

  /**
   * @param how in what they differ
   * @param what image and command
   */
  void add(String how, String what, ToolRun theirs, OurRun ours) {
    found.add(
        "%s: %s\nqemu-img: %d %s %s\nours:     %d %s %s\n"
            .formatted(
                how,
                what,
                theirs.exitCode(),
                shortened(theirs.stdout()),
                shortened(theirs.stderr()),
                ours.exitCode(),
                shortened(ours.stdout()),
                shortened(ours.stderr())));
  }

  void assertNone() {
    assertThat(found).isEmpty();
  }

  private static String shortened(String text) {
    return text.length() <= MAX_SHOWN
        ? text
        : text.substring(0, MAX_SHOWN / 2)
            + " ... "
            + text.substring(text.length() - MAX_SHOWN / 2);
  }
}
