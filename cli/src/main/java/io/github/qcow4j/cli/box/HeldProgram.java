package io.github.qcow4j.cli.box;

import io.github.qcow4j.nativeio.ProcessStatus;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The user's program on a box: it has this program's terminal and streams, gets the signals that
 * this one gets, and its end is waited for whatever happens.
 */
final class HeldProgram {

  private static final Pattern IN_BRACKETS = Pattern.compile("\\(([^()]*)\\)\\s*$");

  private final Process process;
  private final Holder holder;

  private HeldProgram(Process process, Holder holder) {
    this.process = process;
    this.holder = holder;
  }

  /**
   * Starts it.
   *
   * @throws IOException when it cannot be started
   */
  static HeldProgram start(Processes processes, List<String> command) throws IOException {
    SignalRelay relay = SignalRelay.install(processes);
    Process process = start(command);
    HeldProgram program =
        new HeldProgram(process, Holder.of(process.toHandle(), command.getFirst()));
    ProcessStatus status = processes.status(process.pid());
    if (status != null) {
      relay.passOnTo(status.identity());
    }
    return program;
  }

  private static Process start(List<String> command) throws IOException {
    try {
      return new ProcessBuilder(command).inheritIO().start();
    } catch (IOException e) {
      // The runtime says "Cannot run program "x": Exec failed, error: 2 (No such file or directory)
      // ".
      Matcher reason = IN_BRACKETS.matcher(String.valueOf(e.getMessage()));
      String said = reason.find() ? reason.group(1) : String.valueOf(e.getMessage()).strip();
      throw new IOException("cannot run '" + command.getFirst() + "': " + said, e);
    }
  }

  /** Which process it is, for refusals and captures. */
  Holder holder() {
    return holder;
  }

  /** Waits for its end and gives its exit code; 128 and the signal's number when one ended it. */
  int await() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return process.waitFor();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
