package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.box.BoxRun;
import io.github.qcow4j.cli.console.Personality;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A box of a hostile image is made whole, or there is nothing of it. */
final class HostileBoxesTest {

  /**
   * Of so many images one is tried; coprime to the places that structures can lie at, so that each
   * has its turn.
   */
  private static final int STRIDE = Integer.getInteger("qcow4j.hostile.boxes.stride", 29);

  private static final int REFUSED = 8;

  private static final List<CommandLine> MAKING =
      Stream.of("box create web --from IMAGE", "box create web --from IMAGE --independent")
          .map(words -> new CommandLine(words, Personality.QCOW4J, false, REFUSED))
          .toList();

  @TempDir private Path directory;
  private Gauntlet gauntlet;
  private Set<Path> empty;

  @BeforeEach
  void prepare() throws IOException {
    directory = directory.toRealPath();
    gauntlet = new Gauntlet(Files.createDirectory(directory.resolve("images")));
    Path home = directory.resolve("empty");
    assertThat(new BoxRun(home).call("create", "web", "--from", "nowhere").exitCode()).isNotZero();
    empty = names(home);
  }

  @Test
  void aBoxIsMadeWholeOrNothingOfItIsLeft() throws IOException {
    List<HostileCase> cases = new ArrayList<>(TangledCases.all());
    for (LimitRow row : LimitTable.all()) {
      row.values().forEach(value -> cases.add(row.with(value)));
    }
    int made = 0;
    for (int i = 0; i < cases.size(); i += STRIDE) {
      for (CommandLine command : MAKING) {
        made += meet(cases.get(i), command) ? 1 : 0;
      }
    }
    System.out.println(gauntlet.meetings() + " boxes of hostile images, " + made + " made");
    assertThat(gauntlet.misdeeds()).isEmpty();
    assertThat(made).isBetween(1, gauntlet.meetings() - 1);
  }

  /** Whether there is a box afterwards. */
  private boolean meet(HostileCase hostile, CommandLine command) throws IOException {
    Path home = directory.resolve("home" + gauntlet.meetings());
    Encounter encounter = gauntlet.meet(hostile, command, Map.of("QCOW4J_HOME", home.toString()));
    boolean made = encounter.run().exitCode() == 0;
    if (!made && !names(home).equals(empty)) {
      gauntlet.complain(hostile, "left " + names(home) + ": " + encounter.run());
    }
    if (new BoxRun(home).ok("list").contains("web") != made) {
      gauntlet.complain(hostile, (made ? "no box: " : "a box: ") + encounter.run());
    }
    return made;
  }

  private static Set<Path> names(Path home) throws IOException {
    try (Stream<Path> files = Files.walk(home)) {
      return files.map(home::relativize).collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
