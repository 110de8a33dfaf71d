package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Processes are told apart, and signalled, through every provider. */
final class ProcessesTest {

  /** Ends when its standard input does. */
  private static final List<String> WAITING = List.of("cat");

  static Stream<Processes> providers() {
    return Volumes.providers().stream().map(Volumes::processes);
  }

  static Stream<Processes> stopping() {
    return providers().filter(each -> each.signals().contains(ProcessSignal.STOP));
  }

  @ParameterizedTest
  @MethodSource("providers")
  void aProcessKeepsItsIdentityUntilItEnds(Processes processes) throws Exception {
    Process child = new ProcessBuilder(WAITING).start();
    ProcessStatus status = processes.status(child.pid());
    assertThat(status.alive()).isTrue();
    assertThat(status.stopped()).isFalse();
    assertThat(status.parentPid()).isEqualTo(ProcessHandle.current().pid());
    assertThat(status.groupId())
        .isEqualTo(processes.status(ProcessHandle.current().pid()).groupId());
    assertThat(processes.all()).extracting(ProcessStatus::identity).contains(status.identity());
    assertThat(processes.isAlive(status.identity())).isTrue();
    child.getOutputStream().close();
    child.waitFor();
    assertThat(processes.isAlive(status.identity())).isFalse();
    assertThat(processes.signal(status.identity(), ProcessSignal.TERMINATE)).isFalse();
  }

  @ParameterizedTest
  @MethodSource("providers")
  void anotherProcessOfTheSameNumberGetsNoSignal(Processes processes) throws Exception {
    Process child = new ProcessBuilder(WAITING).start();
    try {
      ProcessIdentity earlier = new ProcessIdentity(child.pid(), "another boot:1");
      assertThat(processes.isAlive(earlier)).isFalse();
      assertThat(processes.signal(earlier, ProcessSignal.KILL)).isFalse();
      assertThat(child.isAlive()).isTrue();
    } finally {
      child.destroyForcibly().waitFor();
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void aProcessIsEnded(Processes processes) throws Exception {
    for (ProcessSignal signal : List.of(ProcessSignal.TERMINATE, ProcessSignal.KILL)) {
      Process child = new ProcessBuilder(WAITING).start();
      assertThat(processes.signal(processes.status(child.pid()).identity(), signal)).isTrue();
      assertThat(child.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(child.exitValue()).isEqualTo(128 + signal.number());
    }
  }

  @ParameterizedTest
  @MethodSource("stopping")
  void aProcessIsStoppedAndContinued(Processes processes) throws Exception {
    Process child = new ProcessBuilder(WAITING).start();
    try {
      ProcessIdentity identity = processes.status(child.pid()).identity();
      assertThat(processes.signal(identity, ProcessSignal.STOP)).isTrue();
      awaitStopped(processes, child.pid(), true);
      assertThat(processes.isAlive(identity)).isTrue();
      assertThat(processes.signal(identity, ProcessSignal.CONTINUE)).isTrue();
      awaitStopped(processes, child.pid(), false);
    } finally {
      child.destroyForcibly().waitFor();
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void aSignalThatTheProviderLacksIsRefusedWithWords(Processes processes) throws Exception {
    for (ProcessSignal signal : ProcessSignal.values()) {
      if (!processes.signals().contains(signal)) {
        assertThatThrownBy(() -> processes.signal(processes.self(), signal))
            .isInstanceOf(SystemCallException.class)
            .hasMessageContaining(Errno.EOPNOTSUPP.text());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void aNumberThatNobodyHasIsNoProcess(Processes processes) throws Exception {
    assertThat(processes.status(Integer.MAX_VALUE)).isNull();
    assertThat(processes.isAlive(processes.self())).isTrue();
    assertThatThrownBy(() -> new ProcessIdentity(-1, "")).hasMessageContaining("-1");
  }

  private static void awaitStopped(Processes processes, long pid, boolean stopped)
      throws IOException {
    while (processes.status(pid).stopped() != stopped) {
      Thread.onSpinWait();
    }
  }
}
