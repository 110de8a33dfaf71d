package io.github.qcow4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.box.BoxRun;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** When its time is up the program ends, whatever it is doing or hangs in. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class DeadlineProcessTest {

  private static final String LINE = ": The command did not end within 1 second";
  private static final int SOURCE_BYTES = 16 << 20;

  /** What a pipe holds on Linux. */
  private static final int PIPE_BYTES = 1 << 16;

  @TempDir Path directory;
  private Path source;

  @BeforeEach
  void makeSource() throws IOException {
    source = directory.resolve("source.raw");
    Files.write(source, new byte[SOURCE_BYTES]);
  }

  @Test
  void aJobThatWouldTakeHoursIsStopped() throws Exception {
    Path target = directory.resolve("target.raw");
    List<String> slow = List.of("convert", "-r", "1k", source.toString(), target.toString());

    assertEnds("qcow4j" + LINE, program("qcow4j", optionBefore(slow)));
    ProcessBuilder limited = program("qemu-img", slow);
    limited.environment().put(TimeLimit.VARIABLE, "1");
    assertEnds("qemu-img" + LINE, limited);

    assertOnlyTheSourceIsLeft();
  }

  @Test
  void nobodyReadsThePipeThatIsTheTarget() throws Exception {
    Path pipe = pipe();

    assertEnds(
        "qcow4j" + LINE,
        program("qcow4j", optionBefore(List.of("convert", source.toString(), pipe.toString()))));
  }

  @Test
  void nobodyWritesTheArchiveThatIsReadFromStandardInput() throws Exception {
    ProcessBuilder program =
        program("qcow4j", optionBefore(List.of("box", "import", "-", "--name", "web")));
    Path home = directory.resolve("home");
    program.environment().put("QCOW4J_HOME", home.toString());

    assertEnds("qcow4j" + LINE, program);

    assertThat(home.resolve("staging")).isEmptyDirectory();
    assertThat(new BoxRun(home).ok("list", "--json")).doesNotContain("web");
  }

  /** The job's own threads hang in its progress, so that it cannot react. */
  @Test
  void nobodyReadsTheProgressOfAJob() throws Exception {
    Path pipe = pipe();
    try (RandomAccessFile full = new RandomAccessFile(pipe.toFile(), "rw")) {
      full.write(new byte[PIPE_BYTES]);
      Path target = directory.resolve("target.raw");
      ProcessBuilder program =
          program(
              "qcow4j",
              optionBefore(List.of("convert", "-p", source.toString(), target.toString())));

      assertEnds("qcow4j" + LINE, program.redirectOutput(pipe.toFile()));
    }
    Files.delete(pipe);
    assertOnlyTheSourceIsLeft();
  }

  @Test
  void nobodyReadsTheErrorsEither() throws Exception {
    Path pipe = pipe();
    try (RandomAccessFile full = new RandomAccessFile(pipe.toFile(), "rw")) {
      full.write(new byte[PIPE_BYTES]);
      Path other = directory.resolve("other");
      ProcessBuilder program = program("qcow4j", optionBefore(List.of("info", other.toString())));

      Process process = program.redirectError(pipe.toFile()).start();
      try {
        assertThat(exitCode(process)).isEqualTo(TimeLimit.EXIT_CODE);
      } finally {
        process.destroyForcibly();
      }
    }
  }

  private static List<String> optionBefore(List<String> command) {
    List<String> all = new ArrayList<>(List.of("--timeout", "1"));
    all.addAll(command);
    return all;
  }

  private static ProcessBuilder program(String personality, List<String> arguments) {
    return JavaProcess.builder(
            List.of("--enable-native-access=ALL-UNNAMED", "-Dqcow4j.personality=" + personality),
            Main.class,
            arguments.toArray(String[]::new))
        .redirectError(Redirect.PIPE);
  }

  private static void assertEnds(String line, ProcessBuilder program) throws Exception {
    Process process = program.start();
    try {
      assertThat(exitCode(process)).isEqualTo(TimeLimit.EXIT_CODE);
      // On a class path SQLite has something to say.
      assertThat(process.errorReader().lines().filter(each -> !each.startsWith("SLF4J")))
          .containsExactly(line);
    } finally {
      process.destroyForcibly();
    }
  }

  private static int exitCode(Process process) throws InterruptedException {
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  private Path pipe() throws Exception {
    Path pipe = directory.resolve("pipe");
    Path mkfifo = QemuTools.requireProgram("mkfifo");
    assertThat(new ProcessBuilder(mkfifo.toString(), pipe.toString()).start().waitFor()).isZero();
    return pipe;
  }

  private void assertOnlyTheSourceIsLeft() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(source);
    }
  }
}
