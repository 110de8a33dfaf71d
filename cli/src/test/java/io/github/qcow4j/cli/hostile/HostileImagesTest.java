package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
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

  /** All but those that read guest data, of which there are half a terabyte. */
  @Test
  void tablesThatAreNamedAsOftenAsMayBeAreWalkedInTime() throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    for (CommandLine command : CommandLine.ALL) {
      boolean readsData =
          Stream.of("convert", "compare IMAGE IMAGE", "checksum", "flatten", "rebase -b", "commit")
              .anyMatch(command.words()::startsWith);
      if (!readsData) {
        gauntlet.meet(TangledCases.mostRepetitionsOfOneL2Table(), command);
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
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
