package io.github.qcow4j.cli.box;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.cli.console.HostSignals;
import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.ProcessStatus;
import io.github.qcow4j.nativeio.Processes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Passes the signals that this program gets on to another, also those that come before that one is
 * there.
 */
final class SignalRelay {

  private static final List<ProcessSignal> PASSED_ON =
      List.of(ProcessSignal.TERMINATE, ProcessSignal.INTERRUPT, ProcessSignal.HANG_UP);

  private final Processes processes;

  @GuardedBy("this")
  private final List<ProcessSignal> early = new ArrayList<>();

  @GuardedBy("this")
  private @Nullable ProcessIdentity target;

  private SignalRelay(Processes processes) {
    this.processes = processes;
  }

  /** From now on this program does not end by these signals. */
  static SignalRelay install(Processes processes) {
    SignalRelay relay = new SignalRelay(processes);
    for (ProcessSignal signal : PASSED_ON) {
      boolean _ = HostSignals.answer(signal.signalName(), () -> relay.receive(signal));
    }
    return relay;
  }

  /** Whom they are for. */
  synchronized void passOnTo(ProcessIdentity process) {
    target = process;
    early.forEach(each -> send(process, each));
    early.clear();
  }

  private synchronized void receive(ProcessSignal signal) {
    ProcessIdentity process = target;
    if (process == null) {
      early.add(signal);
    } else {
      send(process, signal);
    }
  }

  private void send(ProcessIdentity process, ProcessSignal signal) {
    try {
      // The keys of a terminal reach every process in its foreground by themselves.
      if (signal != ProcessSignal.INTERRUPT || !isInForeground()) {
        boolean _ = processes.signal(process, signal);
      }
    } catch (IOException e) {
      // What this provider cannot send, or the program does not take from this user, is lost; to
      // end by it here would leave the program behind without anybody who holds its disks.
    }
  }

  private boolean isInForeground() throws IOException {
    ProcessStatus self = processes.status(ProcessHandle.current().pid());
    return self != null && self.groupId() == self.terminalGroupId();
  }
}
