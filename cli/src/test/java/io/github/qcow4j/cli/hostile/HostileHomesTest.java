package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.hostile.HostileHome.Victim;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.MemoryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An image of a home is replaced by a hostile one: whatever is done with its box is answered as any
 * other request is, and boxes that have nothing to do with it stay as they are.
 */
final class HostileHomesTest {

  /** Of so many images one is tried. */
  private static final int STRIDE = Integer.getInteger("qcow4j.hostile.boxes.stride", 29);

  /** Of so many commands one is tried; coprime to how many there are, so that each has its turn. */
  private static final int COMMAND_STRIDE =
      Integer.getInteger("qcow4j.hostile.boxes.commands", STRIDE == 1 ? 1 : 11);

  @TempDir(factory = MemoryFolder.class)
  private Path directory;

  private Gauntlet gauntlet;
  private HostileHome home;
  private final Map<Integer, Map<String, Integer>> ends = new TreeMap<>();

  @BeforeEach
  void prepare() throws IOException {
    directory = directory.toRealPath();
    gauntlet = new Gauntlet(Files.createDirectory(directory.resolve("images")));
    home = new HostileHome(directory, gauntlet.sound());
  }

  @Test
  void everyCommandAboutABoxOfAHostileImageIsAnsweredAndNoOtherBoxIsTouched() throws IOException {
    List<HostileCase> all = HostileCase.tangledAndAtLimits();
    List<HostileCase> cases = new ArrayList<>(HostileCase.leadingTo(gauntlet.sound()));
    for (int i = 0; i < all.size(); i += STRIDE) {
      cases.add(all.get(i));
    }
    int turn = 0;
    boolean oddCase = false;
    for (HostileCase hostile : cases) {
      oddCase = !oddCase;
      for (Victim victim : Victim.values()) {
        for (CommandLine command : victim.commands()) {
          if (turn++ % COMMAND_STRIDE == 0) {
            meet(hostile, victim, turn % 2 == 0 == oddCase ? command : asJson(command));
          }
        }
      }
    }
    System.out.println(
        "%d commands about boxes of %d hostile images, by exit code: %s"
            .formatted(gauntlet.meetings(), cases.size(), ends));
    assertThat(gauntlet.misdeeds()).isEmpty();
    assertThat(ends.keySet()).contains(0, 6);
  }

  private static CommandLine asJson(CommandLine command) {
    return new CommandLine(
        command.words() + " --json",
        command.personality(),
        command.writing(),
        command.largestExitCode());
  }

  private void meet(HostileCase hostile, Victim victim, CommandLine command) throws IOException {
    Path image = gauntlet.lay(hostile, home.reset(victim));
    OurRun run = gauntlet.meet(hostile, command, image, home.home()).run();
    ends.computeIfAbsent(run.exitCode(), _ -> new TreeMap<>())
        .merge(command.words().replace(" --json", ""), 1, Integer::sum);
    boolean tells = command.words().endsWith("--json") && !command.words().contains(" -- ");
    if (tells && !isDocument(run)) {
      gauntlet.complain(hostile, "no document: " + run);
    }
    home.harm().ifPresent(harm -> gauntlet.complain(hostile, harm + ": " + run));
  }

  private static boolean isDocument(OurRun run) {
    String said = run.stdout();
    boolean whole = said.startsWith("{") && said.endsWith("}\n");
    return whole && (run.exitCode() == 0 || run.stderr().isEmpty() || said.contains("\"error\""));
  }
}
