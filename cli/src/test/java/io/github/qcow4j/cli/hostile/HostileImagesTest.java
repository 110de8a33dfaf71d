package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.nativeio.MemoryFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever an image holds, each command answers in time and in little memory, in one line with a
 * proper exit code, and opens nothing else. Commands that only read write nothing, and neither do
 * others to an image that they refuse to open.
 */
final class HostileImagesTest {

  /** Of so many commands each image meets one, the next image the next; 1 for all of them. */
  private static final int STRIDE = Integer.getInteger("qcow4j.hostile.stride", 14);

  /** What no machine does with 17 GiB in a second; others may. */
  private static final Set<String> LONG =
      Set.of("convert -c -O qcow2 IMAGE OUT", "checksum --algorithm sha256 IMAGE");

  @TempDir private Path directory;

  /** For what is looked up in a file millions of times: no disk is waited for there. */
  @TempDir(factory = MemoryFolder.class)
  Path memory;

  @Test
  void structuresOnOneAnotherGetOrderlyAnswers() throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    List<HostileCase> cases = TangledCases.all();
    for (int i = 0; i < cases.size(); i++) {
      for (int j = i % STRIDE; j < CommandLine.ALL.size(); j += STRIDE) {
        gauntlet.meet(cases.get(i), CommandLine.ALL.get(j));
      }
    }
    System.out.println(cases.size() + " hostile images, " + gauntlet.meetings() + " commands");
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  @Test
  void tablesThatAreNamedAgainAndAgainKeepNoCommandWalking() throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    List<HostileCase> cases =
        List.of(
            TangledCases.longestL1TableOfOneL2Table(),
            TangledCases.snapshotsOfOneLongestL1Table(),
            TangledCases.bitmapsOfOneTable());
    meet(gauntlet, cases, command -> true);
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  /** All but those that read guest data, of which there are 17 GiB. */
  @Test
  void tablesThatAreNamedAsOftenAsMayBeAreWalkedInTime() throws IOException {
    Gauntlet gauntlet = new Gauntlet(memory);
    List<HostileCase> cases =
        List.of(
            TangledCases.mostRepetitionsOfOneL2Table(),
            TangledCases.mostRepetitionsOfOneExtendedL2Table(),
            TangledCases.tooManyRepetitionsOfOneExtendedL2Table());
    meet(gauntlet, cases, command -> !readsAllData(command));
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  /** The others, which may take longer than that. */
  @Test
  void whatReadsOneClusterAgainAndAgainEndsWhenItsTimeIsUp() throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    HostileCase hostile = TangledCases.mostRepetitionsOfOneL2Table();
    for (CommandLine command : CommandLine.ALL) {
      if (readsAllData(command)) {
        Encounter encounter =
            gauntlet.meet(hostile, command.inLimitedTime(), Map.of(TimeLimit.VARIABLE, "1"));
        boolean stopped = encounter.run().exitCode() == TimeLimit.EXIT_CODE;
        if (!stopped && LONG.contains(command.words())) {
          gauntlet.complain(hostile, "not stopped: " + encounter.run());
        }
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  /** Their files are longer than those of a disk's file system may be. */
  @Test
  void hundredsOfMillionsOfCountersKeepNoCommandLooking() throws IOException {
    Gauntlet gauntlet = new Gauntlet(memory);
    meet(gauntlet, CounterCases.veryMany(), command -> true);
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  /** What writes for all bitmaps, and what reads all of them. */
  @Test
  void largeClustersOfBitsAreNeitherWrittenNorReadThousandsOfTimes() throws IOException {
    Gauntlet gauntlet = new Gauntlet(memory);
    List<HostileCase> cases =
        List.of(
            TangledCases.bitmapsWithLargeClusters(true),
            TangledCases.bitmapsWithLargeClusters(false));
    meet(
        gauntlet,
        cases,
        command ->
            command.startsWithAny(
                "check IMAGE",
                "verify IMAGE",
                "convert -O qcow2 --bitmaps",
                "amend -o cluster_size",
                "resize IMAGE",
                "bitmap --add",
                "bench -w"));
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  private static void meet(
      Gauntlet gauntlet, List<HostileCase> cases, Predicate<CommandLine> wanted)
      throws IOException {
    for (HostileCase hostile : cases) {
      for (CommandLine command : CommandLine.ALL) {
        if (wanted.test(command)) {
          gauntlet.meet(hostile, command);
        }
      }
    }
  }

  private static boolean readsAllData(CommandLine command) {
    return command.startsWithAny(
        "convert",
        "compare IMAGE IMAGE",
        "checksum",
        "flatten",
        "rebase -b",
        "commit",
        "amend -o cluster_size");
  }

  @Test
  void aBlockThatTheWholeRefcountTableNamesKeepsNoChangeSearching() throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    HostileCase hostile = TangledCases.longestRefcountTableOfOneFullBlock();
    for (CommandLine command : CommandLine.ALL) {
      if (command.writing() && !command.isCheck()) {
        gauntlet.meet(hostile, command);
      }
    }
    assertThat(gauntlet.meetings()).isGreaterThan(10);
    assertThat(gauntlet.misdeeds()).isEmpty();
  }
}
