package io.github.qcow4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A job that is interrupted cleans up, and the program ends as a shell expects. */
final class SignalTest {

  private static final long TIMEOUT_SECONDS = 60;

  /** Several of the pieces that a conversion is cut into. */
  private static final int SOURCE_BYTES = 16 << 20;

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  void aConversionLeavesNothingBehindAndItsExitCodeNamesTheSignal(String signal, int exitCode)
      throws Exception {
    Path kill = QemuTools.requireProgram("kill");
    Path source = directory.resolve("source.raw");
    Files.write(source, new byte[SOURCE_BYTES]);
    Process process = startSlowConversion(source, "target.raw");
    try {
      awaitProgress(process.getInputStream());
      assertThat(exitCodeAfter(signal, process, kill)).isEqualTo(exitCode);
      assertThat(process.getErrorStream()).isEmpty();
      try (Stream<Path> files = Files.list(directory)) {
        assertThat(files).containsExactly(source);
      }
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aConversionThatHangsInAPipeWhoseReaderDoesNotReadEndsAsWell() throws Exception {
    Path kill = QemuTools.requireProgram("kill");
    Path source = directory.resolve("source.raw");
    Files.write(source, new byte[SOURCE_BYTES]);
    Path pipe = directory.resolve("pipe");
    Path mkfifo = QemuTools.requireProgram("mkfifo");
    assertThat(new ProcessBuilder(mkfifo.toString(), pipe.toString()).start().waitFor()).isZero();
    Process process = startSlowConversion(source, "pipe", "-S", "0");
    // To open it waits until the other end is open.
    try (InputStream _ = Files.newInputStream(pipe)) {
      awaitProgress(process.getInputStream());
      assertThat(exitCodeAfter("TERM", process, kill)).isEqualTo(143);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void whoAsksBySignalHearsHowFarAJobIs() throws Exception {
    Path kill = QemuTools.requireProgram("kill");
    Path source = directory.resolve("source.raw");
    Files.write(source, new byte[SOURCE_BYTES]);
    Process process = startSlowConversion(source, "target.raw");
    try {
      awaitProgress(process.getInputStream());
      new ProcessBuilder(kill.toString(), "-USR1", Long.toString(process.pid())).start().waitFor();
      assertThat(process.errorReader().readLine()).matches(" {4}\\([0-9]+\\.[0-9]{2}/100%\\)");
      assertThat(exitCodeAfter("TERM", process, kill)).isEqualTo(143);
    } finally {
      process.destroyForcibly();
    }
  }

  private static int exitCodeAfter(String signal, Process process, Path kill) throws Exception {
    new ProcessBuilder(kill.toString(), "-" + signal, Long.toString(process.pid()))
        .inheritIO()
        .start()
        .waitFor();
    assertThat(process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  /** One that would take hours. */
  private Process startSlowConversion(Path source, String target, String... options)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                QemuTools.requireProgram("env").toString(),
                "--default-signal=INT,TERM",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "convert",
                "-p",
                "-r",
                "1k"));
    command.addAll(List.of(options));
    command.add(source.toString());
    command.add(directory.resolve(target).toString());
    return new ProcessBuilder(command).start();
  }

  /** The first progress is shown when the target has been opened and the job runs. */
  private static void awaitProgress(InputStream output) throws IOException {
    for (int c = output.read(); c != '\r'; c = output.read()) {
      assertThat(c).as("the program's output, which must not end here").isNotNegative();
    }
  }
}
