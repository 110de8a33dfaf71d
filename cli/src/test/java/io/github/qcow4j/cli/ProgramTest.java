package io.github.qcow4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The program around its commands. */
final class ProgramTest {

  @Test
  void saysItsVersionAndInWhoseStead() {
    assertThat(OurRun.asQcow4j("--version").stdout())
        .matches("qcow4j version \\S+\nruntime: Java .*\n(library: \\S+ [0-9.-]+\n){6}");
    assertThat(OurRun.asQemuImg("-V").stdout())
        .matches("qemu-img version 7\\.2\\.22 \\(qcow4j \\S+\\)\n");
  }

  @Test
  void saysWhatItRunsOnWhenAskedToBeVerbose() {
    assertThat(OurRun.asQcow4j("--version", "--verbose").stdout())
        .contains(
            "file access: " + Volumes.host().provider().name(),
            "runtime: Java " + Runtime.version(),
            "library: zstd-jni ");
  }

  @Test
  void saysWhichWaysToTheFilesItDidNotTake() {
    assertThat(OurRun.asQcow4j("--version", "--verbose").stdout())
        .contains("    not taken: portable\n")
        .containsPattern("    not taken: jnr(, which does not work here: .+)?\n");
    assertThat(OurRun.asQcow4j("-v", "--version").stdout()).contains("    not taken: ");
  }

  @Test
  void tellsThoseWhoWantToHearThatFileAccessIsNotTheBest() {
    assertThat(errorsThroughPortable("-v", "info", "/no/image"))
        .containsExactly(
            "qcow4j: file access through portable: works here",
            "qcow4j: Could not open '/no/image': Could not open '/no/image': No such file or"
                + " directory");
    assertThat(errorsThroughPortable("info", "/no/image")).hasSize(1);
    assertThat(OurRun.asQcow4j("-v", "info", "/no/image").stderr()).doesNotContain("file access");
    assertThat(OurRun.asQemuImg("-v", "info", "/no/image").stderr())
        .startsWith("qemu-img: unrecognized option '-v'\n");
  }

  private static List<String> errorsThroughPortable(String... arguments) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            Personality.QCOW4J,
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
            new PrintStream(err, false, StandardCharsets.UTF_8),
            Map.of(),
            () -> Volumes.providers().getLast());
    assertThat(Main.run(console, arguments)).isEqualTo(1);
    return err.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void helpIsBrokenBetweenWords() {
    Console console = console(Personality.QCOW4J, OutputStream.nullOutputStream());
    for (String command : CommandTable.OWN) {
      String help = OurRun.asQcow4j(command, "--help").stdout();
      assertThat(help.lines()).allMatch(line -> line.length() <= 100);
      Command found = CommandTable.find(command, console);
      assertThat(help.replaceAll("\\s+", " "))
          .contains(found.description().summary().replaceAll("\\s+", " ") + ".");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bench",
        "check",
        "compare",
        "convert",
        "dd",
        "info",
        "map",
        "measure",
        "snapshot"
      })
  void everyCommandHasHelp(String command) {
    OurRun run = OurRun.asQemuImg(command, "--help");

    assertThat(run.exitCode()).isZero();
    assertThat(run.stderr()).isEmpty();
    assertThat(run.stdout())
        .startsWith("Usage: qemu-img " + command + " [OPTION]... ")
        .contains("--help", "--references=POLICY");
    assertThat(OurRun.asQemuImg(command, "-h")).returns(run.stdout(), OurRun::stdout);
  }

  @Test
  void theGeneralHelpNamesAllCommands() {
    assertThat(OurRun.asQcow4j("--help").stdout())
        .contains(CommandTable.QEMU_IMG)
        .contains(CommandTable.OWN);
    assertThat(OurRun.asQemuImg("--help").stdout()).doesNotContain("chain");
  }

  @Test
  void theGeneralHelpTellsHowTheTimeIsLimitedAndTheOptionOnlyWhereItIsKnown() {
    assertThat(OurRun.asQcow4j("--help").stdout())
        .contains(" [--timeout SECONDS] COMMAND", "QCOW4J_TIMEOUT_SECONDS=SECONDS, or --timeout, ");
    assertThat(OurRun.asQemuImg("--help").stdout())
        .contains("QCOW4J_TIMEOUT_SECONDS=SECONDS ends ")
        .doesNotContain("--timeout");
  }

  @Test
  void everyCommandInTheHelpExists() {
    Console console = console(Personality.QCOW4J, OutputStream.nullOutputStream());
    assertThat(CommandTable.QEMU_IMG)
        .allSatisfy(name -> assertThat(CommandTable.find(name, console)).isNotNull());
    assertThat(CommandTable.OWN)
        .allSatisfy(name -> assertThat(CommandTable.find(name, console)).isNotNull());
  }

  @Test
  void outputThatCannotBeWrittenIsAFailure() {
    Console console = console(Personality.QEMU_IMG, new FullDisk());

    assertThat(Main.run(console, "--version")).isEqualTo(1);
  }

  @Test
  void aProgrammingErrorIsOneLineAndATraceForThoseWhoWantOne() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            Personality.QCOW4J,
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
            new PrintStream(err, false, StandardCharsets.UTF_8),
            Map.of("QCOW4J_DEBUG", "1"),
            () -> {
              throw new IllegalStateException("no\nvolume");
            });

    assertThat(Main.run(console, "info", "image")).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8).lines())
        .startsWith(
            "qcow4j: internal error: no volume", "java.lang.IllegalStateException: no", "volume")
        .hasSizeGreaterThan(4);
  }

  /** By 1 compare says that the images differ, of which it knows nothing then. */
  @Test
  void whatNobodyForesawIsNoDifferenceOfImages() {
    List<Supplier<Volume>> unforeseen =
        List.of(
            () -> {
              throw new IllegalStateException("odd");
            },
            () -> {
              throw new OutOfMemoryError("full");
            },
            () -> {
              throw new StackOverflowError();
            },
            () -> {
              throw new NoClassDefFoundError("gone");
            });
    for (Supplier<Volume> volume : unforeseen) {
      OurRun run = OurRun.of(Personality.QEMU_IMG, Map.of(), volume, List.of("compare", "a", "b"));
      assertThat(run.exitCode()).as("%s", run).isEqualTo(2);
      assertThat(run.stderr()).as("%s", run).hasLineCount(1);
    }
  }

  /** Whoever looks at the exit code alone would take it for one. */
  @Test
  void lostOutputIsNoDifferenceOfImages(@TempDir Path directory) throws IOException {
    String image = Files.write(directory.resolve("image"), new byte[512]).toString();
    Console console = console(Personality.QEMU_IMG, new FullDisk());

    assertThat(Main.run(console, "compare", "-f", "raw", "-F", "raw", image, image)).isEqualTo(2);
  }

  private static Console console(Personality personality, OutputStream out) {
    return new Console(
        personality,
        new PrintStream(out, false, StandardCharsets.UTF_8),
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
        Map.of(),
        Volumes::host);
  }

  private static final class FullDisk extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      throw new IOException("No space left on device");
    }
  }
}
