package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.hostile.LimitOutcomes.Outcome;
import io.github.qcow4j.cli.hostile.Workshop.Variant;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
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

  /** Of so many probes of a number one is tried; coprime to how many a number has. */
  private static final int PROBE_STRIDE = 3;

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
  void everyNumberOfEveryFieldComesToWhatTheTableSays() throws IOException {
    LimitOutcomes outcomes = LimitOutcomes.read();
    List<LimitRow> rows = LimitTable.withNames();
    assertThat(outcomes.titles())
        .containsExactlyElementsOf(rows.stream().map(LimitRow::title).toList());
    int turn = 0;
    for (LimitRow row : rows) {
      assertThat(outcomes.values(row)).as(row.title()).hasSameElementsAs(row.values());
      for (long value : row.values()) {
        for (String probe : LimitOutcomes.probes(row)) {
          if (ALL || ++turn % PROBE_STRIDE == 0) {
            probe(row, value, probe, outcomes.of(row, value, probe));
          }
        }
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  private void probe(LimitRow row, long value, String probe, Outcome stated) throws IOException {
    HostileCase hostile = row.with(value);
    OurRun run = gauntlet.meet(hostile, LimitOutcomes.command(probe)).run();
    if (run.exitCode() != stated.exitCode() || !stated.isSaidBy(run.stderr())) {
      gauntlet.complain(hostile, row.ground() + ": not " + stated + ": " + run);
    }
  }

  /** Whether QEMU's exit codes are those that the table says. */
  @Test
  @EnabledIfSystemProperty(named = "qcow4j.hostile.limits", matches = "true")
  void theTableSaysWhereQemuEndsOtherwise() throws IOException {
    QemuTools qemu = QemuTools.require();
    LimitOutcomes outcomes = LimitOutcomes.read();
    Path image = directory.resolve("image.qcow2");
    Workshop workshop = new Workshop(directory);
    for (LimitRow row : LimitTable.withNames()) {
      for (long value : row.values()) {
        for (String probe : LimitOutcomes.probes(row)) {
          int stated = outcomes.of(row, value, probe).qemuExitCode();
          if (stated >= 0) {
            HostileCase hostile = row.with(value);
            CommandLine command = LimitOutcomes.command(probe);
            Path _ = workshop.lay(hostile, Variant.of(hostile, command), image);
            ToolRun run = qemu.img(command.arguments(image, image, image));
            if (run.exitCode() != stated) {
              gauntlet.complain(
                  hostile, row.ground() + ": QEMU does not end with " + stated + ": " + run);
            }
          }
        }
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  @Test
  void whatManyEntriesComeToIsAllowedAtItsLimitAndRefusedBeyond() throws IOException {
    int turn = 0;
    for (LargestCases.Largest largest : LargestCases.all()) {
      Encounter probe = gauntlet.meet(largest.image(), LimitOutcomes.command("info"));
      boolean refused = probe.run().exitCode() == 1 && largest.isRefused(probe.run().stderr());
      boolean passed = probe.run().exitCode() == 0 && largest.refusal().isEmpty();
      if (!refused && !passed) {
        gauntlet.complain(largest.image(), probe.run().toString());
      }
      for (int i = ALL ? 0 : turn++; i < CommandLine.ALL.size(); i += ALL ? 1 : 16) {
        meet(largest, CommandLine.ALL.get(i));
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  private void meet(LargestCases.Largest largest, CommandLine command) throws IOException {
    if (largest.takesLong().contains(command.words())) {
      Map<String, String> oneSecond = Map.of(TimeLimit.VARIABLE, "1");
      OurRun run = gauntlet.meet(largest.image(), command.inLimitedTime(), oneSecond).run();
      assertThat(run.exitCode()).as("%s", run).isEqualTo(TimeLimit.EXIT_CODE);
    } else {
      gauntlet.meet(largest.image(), command);
    }
  }

  /** Each looked for its bitmap among all the others, and took minutes. */
  @Test
  void commandsThatCopyOrStoreBitmapsFindEachAmongThousandsAtOnce() throws IOException {
    for (CommandLine command : CommandLine.ALL) {
      if (command.startsWithAny("convert -O qcow2 --bitmaps", "amend -o cluster_size", "flatten")) {
        Encounter encounter = gauntlet.meet(LargestCases.manyBitmaps(), command);
        assertThat(encounter.run().exitCode()).as("%s", encounter.run()).isZero();
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }
}
