package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.MemoryFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every field that an image can fill with any number, at its limit, one past it and at the extremes
 * of its width, before every command.
 */
final class LimitCasesTest {

  /**
   * Whether every number of a field meets every command; else a field meets every other command,
   * the next field the others, and each of its numbers some of them.
   */
  private static final boolean ALL = Boolean.getBoolean("qcow4j.hostile.limits");

  /** More than a field has numbers. */
  private static final int MANY = 100;

  /** No disk is waited for: what is held to a time is the program. */
  @TempDir(factory = MemoryFolder.class)
  Path directory;

  private Gauntlet gauntlet;

  @BeforeEach
  void prepare() throws IOException {
    gauntlet = new Gauntlet(directory);
  }

  @Test
  void everyFieldAtItsExtremesGetsOrderlyAnswersFromEveryCommand() throws IOException {
    List<LimitRow> rows = LimitTable.all();
    int images = 0;
    for (int r = 0; r < rows.size(); r++) {
      LimitRow row = rows.get(r);
      List<Long> values = row.values();
      images += values.size();
      for (int i = ALL ? 0 : r % 2; i < CommandLine.ALL.size(); i += ALL ? 1 : 2) {
        for (int v = ALL ? 0 : i / 2 % values.size(); v < values.size(); v += ALL ? 1 : MANY) {
          gauntlet.meet(row.with(values.get(v)), CommandLine.ALL.get(i));
        }
      }
    }
    System.out.printf(
        "%d fields, %d hostile images, %d commands%n", rows.size(), images, gauntlet.meetings());
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  @Test
  void aNumberPastItsLimitIsRefusedByTheNameOfTheLimitAndNoOtherIs() throws IOException {
    List<LimitRow> rows = new ArrayList<>(LimitTable.all());
    rows.addAll(LimitTable.names());
    for (LimitRow row : rows) {
      if (row.refusal().isEmpty()) {
        continue;
      }
      for (long value : row.values()) {
        HostileCase hostile = row.with(value);
        Encounter probe = gauntlet.meet(hostile, row.probe());
        boolean refused =
            probe.run().exitCode() == 1 && probe.run().stderr().contains(row.refusal());
        if (refused == row.keeps(value)) {
          gauntlet.complain(hostile, (refused ? "refused: " : "not refused: ") + probe.run());
        }
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  @Test
  void whatManyEntriesComeToIsAllowedAtItsLimitAndRefusedBeyond() throws IOException {
    int turn = 0;
    for (LargestCases.Largest largest : LargestCases.all()) {
      Encounter probe = gauntlet.meet(largest.image(), LimitRow.INFO);
      boolean refused = probe.run().exitCode() == 1 && largest.isRefused(probe.run().stderr());
      boolean passed = probe.run().exitCode() == 0 && largest.refusal().isEmpty();
      if (!refused && !passed) {
        gauntlet.complain(largest.image(), probe.run().toString());
      }
      for (int i = ALL ? 0 : turn++; i < CommandLine.ALL.size(); i += ALL ? 1 : 16) {
        gauntlet.meet(largest.image(), CommandLine.ALL.get(i));
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  /** Each looked for its bitmap among all the others, and took minutes. */
  @Test
  void commandsThatCopyBitmapsFindEachAmongThousandsAtOnce() throws IOException {
    for (CommandLine command : CommandLine.ALL) {
      if (command.words().contains("--bitmaps") || command.words().contains("cluster_size")) {
        Encounter encounter = gauntlet.meet(LargestCases.manyBitmaps(), command);
        assertThat(encounter.run().exitCode()).as("%s", encounter.run()).isZero();
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }
}
