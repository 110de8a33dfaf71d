package io.github.qcow4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.JavaProcess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the program says of its way to the files, in a process of its own for each reason. */
final class VersionTest {

  private static final String ALLOWED = "--enable-native-access=ALL-UNNAMED";
  private static final String DENIED = "--illegal-native-access=deny";
  private static final String NO_JNR = "jnr-ffi, an optional library, is not there";

  private record Outcome(int exitCode, String output) {}

  /** Output and errors of the program, and how it ended. */
  private static Outcome run(String... options) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(options));
    ProcessBuilder builder = JavaProcess.builder(all, Main.class, "--version", "--verbose");
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Outcome(process.waitFor(), output);
  }

  @Test
  void theFirstChoiceIsSaidToBeIt() throws Exception {
    Outcome outcome = run(ALLOWED);

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.output())
        .contains("file access: panama (the first choice, and it works here)\n")
        .contains("    not taken: portable\n");
  }

  @Test
  void aMissingLibraryIsSaidToBeMissing() throws Exception {
    assertThat(run(ALLOWED).output())
        .contains("    not taken: jnr, which does not work here: " + NO_JNR + "\n");
  }

  @Test
  void whereNativeAccessIsDeniedItIsSaidSoOfEachThatNeedsIt() throws Exception {
    Outcome outcome = run(DENIED);

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.output())
        .contains("file access: portable (panama does not work here: Illegal native access from ")
        .contains("; jnr does not work here: " + NO_JNR + ")\n")
        .contains("    not taken: panama, which does not work here: Illegal native access from ")
        .contains("    not taken: jnr, which does not work here: " + NO_JNR + "\n");
  }

  @Test
  void whatWasChosenByPropertyIsSaidToBe() throws Exception {
    Outcome outcome = run(ALLOWED, "-Dqcow4j.nativeio=portable");

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.output())
        .contains("file access: portable (qcow4j.nativeio=portable)\n")
        .contains("    not taken: panama\n");
  }

  @Test
  void aChoiceThatCannotBeHadIsAnErrorOfOneLine() throws Exception {
    assertError(
        run(ALLOWED, "-Dqcow4j.nativeio=jnr"),
        "qcow4j.nativeio=jnr: does not work here: " + NO_JNR);
    assertError(
        run(DENIED, "-Dqcow4j.nativeio=panama"),
        "qcow4j.nativeio=panama: does not work here: Illegal native access from .*");
    assertError(
        run(ALLOWED, "-Dqcow4j.nativeio=posix"),
        "qcow4j.nativeio=posix: no such provider; there are panama, jnr, portable");
  }

  private static void assertError(Outcome outcome, String message) {
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.output()).matches("qcow4j version .*\nqcow4j: " + message + "\n");
  }
}
