package io.github.qcow4j.snapshot.quiesce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.ProcessStatus;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Real processes are stopped and go on. */
final class ProcessPauseTest {

  private final Processes processes = Volumes.processes(Volumes.host());

  @Test
  void aProcessAndItsChildrenStopAndGoOn() throws Exception {
    Process shell =
        new ProcessBuilder("sh", "-c", "exec 3<&0; cat <&3 >/dev/null & echo $!; wait").start();
    try (BufferedReader output = shell.inputReader()) {
      long childPid = Long.parseLong(output.readLine());
      Quiescer.Hold hold = pause(shell).freeze(new JobControl());
      assertThat(isStopped(shell.pid())).isTrue();
      assertThat(isStopped(childPid)).isTrue();
      hold.verify();
      hold.thaw();
      awaitRunning(shell.pid());
      awaitRunning(childPid);
    } finally {
      end(shell);
    }
  }

  @Test
  void aGroupThatTheProcessLeadsStopsAsAWhole() throws Exception {
    // The one that leads the group is no ancestor of the other: its parent has ended.
    Process leader =
        new ProcessBuilder("setsid", "sh", "-c", "(cat <&3 >/dev/null & echo $!) 3<&0; cat")
            .start();
    try (BufferedReader output = leader.inputReader()) {
      long orphanPid = Long.parseLong(output.readLine());
      ProcessStatus orphan = processes.status(orphanPid);
      assertThat(orphan.groupId()).isEqualTo(leader.pid());
      Quiescer.Hold hold = pause(leader).freeze(new JobControl());
      assertThat(isStopped(orphanPid)).isTrue();
      hold.thaw();
      awaitRunning(orphanPid);
    } finally {
      end(leader);
    }
  }

  /** Its parent waits in the kernel until it has called execve, and cannot stop before. */
  @Test
  void aChildThatWasStoppedRightAfterItsVforkIsLetGoAndStoppedAgain() throws Exception {
    VforkingProcesses fake = new VforkingProcesses();
    Quiescer.Hold hold = new ProcessPause(fake, fake.parent()).freeze(new JobControl());
    assertThat(fake.all()).allMatch(ProcessStatus::stopped);
    hold.thaw();
    assertThat(fake.all()).noneMatch(ProcessStatus::stopped);
  }

  @Test
  void whatWasStoppedBeforeStaysStopped() throws Exception {
    Process child = new ProcessBuilder("cat").start();
    try {
      boolean _ = processes.signal(identity(child), ProcessSignal.STOP);
      while (!isStopped(child.pid())) {
        Thread.onSpinWait();
      }
      pause(child).freeze(new JobControl()).thaw();
      assertThat(isStopped(child.pid())).isTrue();
    } finally {
      end(child);
    }
  }

  @Test
  void aProcessThatSomebodyContinuedIsNoticed() throws Exception {
    Process child = new ProcessBuilder("cat").start();
    try {
      Quiescer.Hold hold = pause(child).freeze(new JobControl());
      boolean _ = processes.signal(identity(child), ProcessSignal.CONTINUE);
      awaitRunning(child.pid());
      assertThatThrownBy(hold::verify)
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("was continued by somebody");
      hold.thaw();
    } finally {
      end(child);
    }
  }

  @Test
  void aProcessThatWasKilledIsNoticed() throws Exception {
    Process child = new ProcessBuilder("cat").start();
    Quiescer.Hold hold = pause(child).freeze(new JobControl());
    child.destroyForcibly().waitFor();
    assertThatThrownBy(hold::verify)
        .isInstanceOf(QuiesceException.class)
        .hasMessageContaining("was killed");
    hold.thaw();
  }

  @Test
  void aProcessThatHasEndedOrIsAnotherIsAFailure() throws Exception {
    Process child = new ProcessBuilder("cat").start();
    try {
      ProcessIdentity another = new ProcessIdentity(child.pid(), "before:1");
      assertThatThrownBy(() -> new ProcessPause(processes, another).freeze(new JobControl()))
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("has ended");
      assertThat(isStopped(child.pid())).isFalse();
      assertThatThrownBy(() -> new ProcessPause(processes, null).freeze(new JobControl()))
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("not known");
    } finally {
      end(child);
    }
  }

  @Test
  void thisProgramIsNotStoppedByItself() throws Exception {
    assertThatThrownBy(() -> new ProcessPause(processes, processes.self()).freeze(new JobControl()))
        .isInstanceOf(QuiesceException.class)
        .hasMessageContaining("this program belongs to it");
  }

  @Test
  void aCancelledJobLeavesNothingStopped() throws Exception {
    Process child = new ProcessBuilder("cat").start();
    try {
      JobControl cancelled = new JobControl();
      cancelled.cancel();
      assertThatThrownBy(() -> pause(child).freeze(cancelled))
          .isInstanceOf(JobCancelledException.class);
      awaitRunning(child.pid());
    } finally {
      end(child);
    }
  }

  @Test
  void aProviderThatCannotStopSaysSo() throws Exception {
    for (Volume volume : Volumes.providers()) {
      Processes some = Volumes.processes(volume);
      if (!some.signals().contains(ProcessSignal.STOP)) {
        ProcessIdentity any = new ProcessIdentity(1, "any");
        assertThatThrownBy(() -> new ProcessPause(some, any).freeze(new JobControl()))
            .isInstanceOf(QuiesceException.class)
            .hasMessageContaining("cannot be stopped from here");
        QuiescePlan plan =
            QuiescePlan.of(new QuiesceMode.Auto(), OnQuiesceFailure.ABORT, some, any, "box");
        assertThat(plan.quiescers()).isEmpty();
      }
    }
  }

  private ProcessPause pause(Process process) throws IOException {
    return new ProcessPause(processes, identity(process));
  }

  private ProcessIdentity identity(Process process) throws IOException {
    return processes.status(process.pid()).identity();
  }

  private boolean isStopped(long pid) throws IOException {
    return processes.status(pid).stopped();
  }

  private void awaitRunning(long pid) throws IOException {
    while (isStopped(pid)) {
      Thread.onSpinWait();
    }
  }

  private static void end(Process process) throws Exception {
    List<ProcessHandle> all = process.descendants().toList();
    process.getOutputStream().close();
    process.destroyForcibly().waitFor();
    all.forEach(ProcessHandle::destroyForcibly);
  }
}
