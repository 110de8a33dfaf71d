package io.github.qcow4j.snapshot.quiesce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program of the user's freezes and thaws, and may do neither. */
final class HookProgramTest {

  private static final long LONG_MILLIS = 60_000;
  private static final long SHORT_MILLIS = 200;

  @TempDir Path directory;

  @Test
  void aHookIsCalledBeforeAndAfterWithTheBoxItIsFor() throws Exception {
    Path hook = hook("echo $1 $QCOW4J_BOX $# >> calls");
    Quiescer.Hold hold = freeze(hook, LONG_MILLIS);
    assertThat(calls()).isEqualTo("freeze my box 1\n");
    hold.verify();
    hold.thaw();
    assertThat(calls()).isEqualTo("freeze my box 1\nthaw my box 1\n");
  }

  @Test
  void aHookThatFailsIsToldInItsOwnWordsAndThaws() throws Exception {
    Path hook =
        hook("echo $1 >> calls; [ $1 = thaw ] && exit; seq 5000; echo no such db >&2; exit 3");
    assertThatThrownBy(() -> freeze(hook, LONG_MILLIS))
        .isInstanceOf(QuiesceException.class)
        .hasMessageContaining("failed with exit code 3: ")
        .hasMessageEndingWith("5000 no such db");
    assertThat(calls()).isEqualTo("freeze\nthaw\n");
  }

  @Test
  void aHookThatHangsIsKilledWithWhatItStarted() throws Exception {
    Path hook = hook("echo $1 >> calls; [ $1 = thaw ] && exit; sleep 1000 & echo $! > pid; wait");
    assertThatThrownBy(() -> freeze(hook, SHORT_MILLIS))
        .isInstanceOf(QuiesceException.class)
        .hasMessageContaining("did not come within 200 ms");
    assertThat(calls()).isEqualTo("freeze\nthaw\n");
    long pid = Long.parseLong(Files.readString(directory.resolve("pid")).strip());
    ProcessHandle.of(pid).ifPresent(each -> each.onExit().join());
  }

  @Test
  void aHookThatLeavesAProcessBehindIsNotWaitedFor() throws Exception {
    Path hook = hook("sleep 1000 & echo $! >> pids; exit 0");
    freeze(hook, LONG_MILLIS).thaw();
    for (String pid : Files.readAllLines(directory.resolve("pids"))) {
      ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void aHookThatIsNotThereIsAFailure() {
    assertThatThrownBy(() -> freeze(directory.resolve("none"), LONG_MILLIS))
        .isInstanceOf(QuiesceException.class)
        .hasMessageContaining("cannot be started");
  }

  @Test
  void aThawThatFailsIsTold() throws Exception {
    Quiescer.Hold hold = freeze(hook("[ $1 = freeze ]"), LONG_MILLIS);
    assertThatThrownBy(hold::thaw)
        .isInstanceOf(QuiesceException.class)
        .hasMessageContaining("thaw' failed with exit code 1");
  }

  @Test
  void aCancelledJobThaws() throws Exception {
    Path hook = hook("echo $1 >> calls; [ $1 = thaw ] || sleep 1000");
    JobControl cancelled = new JobControl();
    cancelled.cancel();
    assertThatThrownBy(() -> new HookProgram(hook, "my box", LONG_MILLIS).freeze(cancelled))
        .isInstanceOf(JobCancelledException.class);
    assertThat(calls()).endsWith("thaw\n");
  }

  private Quiescer.Hold freeze(Path hook, long timeoutMillis) throws IOException {
    return new HookProgram(hook, "my box", timeoutMillis).freeze(new JobControl());
  }

  private String calls() throws IOException {
    return Files.readString(directory.resolve("calls"));
  }

  private Path hook(String script) throws IOException {
    Path hook = directory.resolve("hook");
    Files.writeString(hook, "#!/bin/sh\ncd '" + directory + "'\n" + script + "\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwx------"));
    return hook;
  }
}
