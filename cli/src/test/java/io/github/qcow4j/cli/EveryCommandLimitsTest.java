package io.github.qcow4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code --references}, {@code --max-chain}, {@code --max-size} and the environment variable on
 * every image command: taken, obeyed where they mean something, and refused by all when they are
 * not understood, before anything is done.
 */
final class EveryCommandLimitsTest {

  private static final Map<String, String> CALLS =
      Map.ofEntries(
          Map.entry("amend", "-o lazy_refcounts=on top.qcow2"),
          Map.entry("bench", "-c 1 top.qcow2"),
          Map.entry("bitmap", "--add top.qcow2 b"),
          Map.entry("chain", "top.qcow2"),
          Map.entry("check", "top.qcow2"),
          Map.entry("checksum", "top.qcow2"),
          Map.entry("commit", "top.qcow2"),
          Map.entry("compare", "top.qcow2 top.qcow2"),
          Map.entry("convert", "-O raw top.qcow2 out.raw"),
          Map.entry("create", "-f qcow2 new.qcow2 1M"),
          Map.entry("dd", "-f qcow2 bs=64k if=top.qcow2 of=out.raw"),
          Map.entry("flatten", "top.qcow2"),
          Map.entry("info", "top.qcow2"),
          Map.entry("map", "top.qcow2"),
          Map.entry("measure", "-O qcow2 top.qcow2"),
          Map.entry("rebase", "-b base.qcow2 -F qcow2 top.qcow2"),
          Map.entry("resize", "top.qcow2 2M"),
          Map.entry("snapshot", "-l top.qcow2"),
          Map.entry("verify", "top.qcow2"));

  /** They read or change a few tables, or none. */
  private static final Set<String> WITHOUT_JOB =
      Set.of("bitmap", "chain", "create", "info", "resize", "snapshot");

  @TempDir private Path directory;

  static Stream<String> commands() {
    return Stream.concat(CommandTable.QEMU_IMG.stream(), CommandTable.OWN.stream());
  }

  @BeforeEach
  void makeChain() {
    Workbench bench = Workbench.in(directory);
    bench.image("base.qcow2", "", 1 << 20, "write -P 3 0 64k");
    bench.overlay("top.qcow2", "", "base.qcow2", "write -P 4 64k 64k");
  }

  @Test
  void everyCommandIsHere() {
    assertThat(CALLS.keySet()).containsExactlyInAnyOrderElementsOf(commands().toList());
  }

  @ParameterizedTest
  @MethodSource("commands")
  void limitsThatAllowWhatIsThereChangeNothing(String command) {
    OurRun run = run(command, "", "--references=same-dir", "--max-chain=2", "--max-size=2M");
    assertThat(run.exitCode()).as("%s", run).isZero();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void aWordInTheEnvironmentThatIsNotUnderstoodStopsEveryCommand(String command) throws Exception {
    assertRefused(
        command,
        run(command, "nonsense"),
        "QCOW4J_REFERENCES must be deny, same-dir, under=DIR or allow, not 'nonsense'");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void aTimeInTheEnvironmentThatIsNoneStopsEveryCommand(String command) throws Exception {
    assertRefused(
        command,
        OurRun.of(Personality.QCOW4J, Map.of("QCOW4J_TIMEOUT_SECONDS", "5s"), arguments(command)),
        "QCOW4J_TIMEOUT_SECONDS must be a number of seconds from 1 to 31536000, not '5s'");
  }

  /** What has nothing to wait for is done as if there were time, and told to be. */
  @ParameterizedTest
  @MethodSource("commands")
  void whatWouldBeginAJobDoesNotWhenTheTimeIsUp(String command) throws Exception {
    Map<String, Long> before = files();
    OurRun run =
        OurRun.prepared(
            Personality.QCOW4J,
            Map.of("QCOW4J_TIMEOUT_SECONDS", "5"),
            Volumes::host,
            console ->
                console
                    .deadline()
                    .watchedBy(limit -> {
                      boolean _ = console.deadline().pass();
                    }),
            arguments(command));
    if (WITHOUT_JOB.contains(command)) {
      assertThat(run.exitCode()).as("%s", run).isZero();
      assertThat(run.stderr()).isEmpty();
    } else {
      assertThat(run.exitCode()).as("%s", run).isEqualTo(124);
      assertThat(run.stderr()).isEqualTo("qcow4j: The command did not end within 5 seconds\n");
      assertThat(files()).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @MethodSource("commands")
  void helpNeedsNoEnvironment(String command) {
    OurRun run =
        OurRun.of(
            Personality.QCOW4J,
            Map.of("QCOW4J_REFERENCES", "nonsense", "QCOW4J_TIMEOUT_SECONDS", "nonsense"),
            List.of(command, "--help"));
    assertThat(run.exitCode()).as("%s", run).isZero();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void optionsThatAreNotUnderstoodStopEveryCommand(String command) throws Exception {
    assertRefused(
        command,
        run(command, "", "--references=nonsense"),
        "--references must be deny, same-dir, under=DIR or allow, not 'nonsense'");
    assertRefused(
        command,
        run(command, "", "--max-chain=0"),
        "--max-chain must be a number of layers, not '0'");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void noCommandTakesADiskThatIsTooLarge(String command) throws Exception {
    Map<String, Long> before = files();
    OurRun run = run(command, "", "--max-size=512k");
    if (command.equals("verify")) {
      assertThat(run.exitCode()).isEqualTo(2);
      assertThat(run.stdout()).contains("virtual-size: 1048576 bytes, accepted are 524288 bytes");
    } else {
      assertThat(run.exitCode()).as("%s", run).isEqualTo(command.equals("compare") ? 2 : 1);
      assertThat(run.stderr()).contains("exceeds the allowed 524288 bytes").hasLineCount(1);
    }
    assertThat(files()).isEqualTo(before);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void withoutReferencesOnlyCommandsAboutTheNamedFileAloneGoOn(String command) {
    boolean alone = List.of("bitmap", "check", "create", "info").contains(command);
    OurRun run = run(command, "deny");
    assertThat(run.exitCode() == 0).as("%s", run).isEqualTo(alone);
  }

  private void assertRefused(String command, OurRun run, String reason) throws IOException {
    assertThat(run.exitCode()).as("%s", run).isEqualTo(command.equals("compare") ? 2 : 1);
    assertThat(run.stderr()).isEqualTo("qcow4j: " + reason + "\n");
    assertThat(run.stdout()).isEmpty();
    assertThat(files()).containsOnlyKeys("base.qcow2", "top.qcow2");
  }

  private Map<String, Long> files() throws IOException {
    try (Stream<Path> names = Files.list(directory)) {
      return names.collect(
          Collectors.toMap(
              name -> name.getFileName().toString(), name -> name.toFile().lastModified()));
    }
  }

  /** The call, its files being those of the directory, with options behind the command's name. */
  private OurRun run(String command, String environment, String... options) {
    return OurRun.of(
        Personality.QCOW4J, Map.of("QCOW4J_REFERENCES", environment), arguments(command, options));
  }

  private List<String> arguments(String command, String... options) {
    List<String> arguments = new ArrayList<>(List.of(command));
    arguments.addAll(List.of(options));
    for (String word : List.of(CALLS.get(command).split(" "))) {
      boolean relative = word.equals("base.qcow2");
      arguments.add(
          relative
              ? word
              : word.replaceFirst("^(if=|of=|)(\\w+\\.(qcow2|raw))$", "$1" + directory + "/$2"));
    }
    return arguments;
  }
}
