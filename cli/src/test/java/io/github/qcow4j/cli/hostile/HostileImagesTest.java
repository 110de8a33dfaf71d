package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.nativeio.MemoryFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
    for (HostileCase hostile : cases) {
      for (CommandLine command : CommandLine.ALL) {
        gauntlet.meet(hostile, command);
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  /** All but those that read guest data, of which there are 17 GiB. */
  @Test
  void tablesThatAreNamedAsOftenAsMayBeAreWalkedInTime() throws IOException {
    Gauntlet gauntlet = new Gauntlet(memory);
    for (HostileCase hostile :
        List.of(
            TangledCases.mostRepetitionsOfOneL2Table(),
            TangledCases.mostRepetitionsOfOneExtendedL2Table(),
            TangledCases.tooManyRepetitionsOfOneExtendedL2Table())) {
      for (CommandLine command : CommandLine.ALL) {
        if (!readsAllData(command)) {
          gauntlet.meet(hostile, command);
        }
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  /** The others, which may take longer than that. */
  @Test
  void whatReadsOneClusterAgainAndAgainEndsWhenItsTimeIsUp() throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    HostileCase hostile = TangledCases.mostRepetitionsOfOneL2Table();
    for (CommandLine command : CommandLine.ALL) {
      if (readsAllData(command)) {
        Encounter _ =
            gauntlet.meet(hostile, command.inLimitedTime(), Map.of(TimeLimit.VARIABLE, "1"));
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  /** Their files are longer than those of a disk's file system may be. */
  @Test
  void hundredsOfMillionsOfCountersKeepNoCommandLooking() throws IOException {
    Gauntlet gauntlet = new Gauntlet(memory);
    for (HostileCase hostile : CounterCases.veryMany()) {
      for (CommandLine command : CommandLine.ALL) {
        gauntlet.meet(hostile, command);
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  /** What writes for all bitmaps, and what reads all of them. */
  @Test
  void largeClustersOfBitsAreNeitherWrittenNorReadThousandsOfTimes() throws IOException {
    Gauntlet gauntlet = new Gauntlet(memory);
    for (boolean oneClusterOfBits : new boolean[] {true, false}) {
      HostileCase hostile = TangledCases.bitmapsWithLargeClusters(oneClusterOfBits);
      for (CommandLine command : CommandLine.ALL) {
        if (command.startsWithAny(
            "check IMAGE",
            "verify IMAGE",
            "convert -O qcow2 --bitmaps",
            "amend -o cluster_size",
            "resize IMAGE",
            "bitmap --add",
            "bench -w")) {
          gauntlet.meet(hostile, command);
        }
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
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
