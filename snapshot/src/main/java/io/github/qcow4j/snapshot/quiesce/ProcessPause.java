package io.github.qcow4j.snapshot.quiesce;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.ProcessStatus;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stops a process, all that descend from it, and, when it leads a process group, that group ({@code
 * SIGSTOP}). A stopped process starts no other, so that looking again until nobody new is found
 * finds them all. What was stopped before by somebody else stays stopped afterwards.
 *
 * <p>A process that has started another with {@code vfork} stops only when that one has called
 * {@code execve} (vfork(2)). When the other was stopped before, both would wait for ever, so those
 * that do not all stop soon are let go, and stopped again.
 */
public final class ProcessPause implements Quiescer {

  /** Threads stop when they leave the kernel, which a write to a slow disk may take long for. */
  private static final long STOP_MILLIS = 10_000;

  /**
   * How long all have at first until they are let go and stopped again; then twice as long. Threads
   * at rest stop in microseconds; a time too short costs one attempt more.
   */
  private static final long FIRST_ATTEMPT_MILLIS = 100;

  private final Processes processes;
  private final @Nullable ProcessIdentity root;

  /**
   * @param processes the processes of this host
   * @param root the process that writes, or null when it is not known: then it cannot be stopped
   */
  public ProcessPause(Processes processes, @Nullable ProcessIdentity root) {
    this.processes = processes;
    this.root = root;
  }

  @Override
  public Consistency consistency() {
    return Consistency.CRASH;
  }

  @Override
  public Hold freeze(JobControl control) throws IOException {
    ProcessIdentity writer = root;
    if (writer == null) {
      throw new QuiesceException("the process that writes to the box is not known");
    }
    if (!processes.signals().contains(ProcessSignal.STOP)) {
      throw new QuiesceException("process " + writer.pid() + " cannot be stopped from here");
    }
    Stopped stopped = new Stopped(writer);
    try {
      stopped.stop(Deadline.of(STOP_MILLIS, control));
    } catch (Throwable e) {
      try {
        stopped.thaw();
      } catch (IOException thawFailure) {
        e.addSuppressed(thawFailure);
      }
      throw e;
    }
    return stopped;
  }

  /**
   * Lets go on whoever is stopped of the process, its group if it leads one, and all who descend
   * from it: for what another process has stopped that is gone. Those whose ancestor has ended are
   * not known any more.
   *
   * @throws QuiesceException when one may still be stopped
   */
  public void letGo() throws IOException {
    ProcessIdentity writer = root;
    if (writer == null || !processes.isAlive(writer)) {
      return;
    }
    Stopped stopped = new Stopped(writer);
    for (ProcessStatus each : stopped.family()) {
      if (each.stopped()) {
        stopped.ours.push(each.identity());
      }
    }
    stopped.thaw();
  }

  /** The processes that were stopped, the last one first. */
  private final class Stopped implements Hold {

    private final ProcessIdentity writer;
    private final Set<ProcessIdentity> seen = new HashSet<>();
    private final Deque<ProcessIdentity> ours = new ArrayDeque<>();

    Stopped(ProcessIdentity writer) {
      this.writer = writer;
    }

    void stop(Deadline deadline) throws IOException {
      if (!processes.isAlive(writer)) {
        throw new QuiesceException(
            "process " + writer.pid() + ", which wrote to the box, has ended");
      }
      long attemptMillis = FIRST_ATTEMPT_MILLIS;
      while (!attempt(deadline, Deadline.unstoppable(attemptMillis))) {
        thaw();
        ours.clear();
        seen.clear();
        // Long enough for one that was let go to call execve.
        deadline.rest();
        attemptMillis *= 2;
      }
    }

    /** Stops all; false when they did not all stop in time. */
    private boolean attempt(Deadline deadline, Deadline soon) throws IOException {
      ProcessIdentity self = processes.self();
      while (true) {
        boolean complete = true;
        for (ProcessStatus each : family()) {
          if (each.identity().equals(self)) {
            throw new QuiesceException(
                "process " + writer.pid() + " cannot be stopped: this program belongs to it");
          }
          if (seen.add(each.identity())) {
            complete = false;
            if (!each.stopped()) {
              send(each.identity());
            }
          } else {
            complete &= each.stopped();
          }
        }
        if (complete) {
          return true;
        }
        deadline.check("the stop of process " + writer.pid());
        if (soon.isOver()) {
          return false;
        }
        deadline.rest();
      }
    }

    private void send(ProcessIdentity process) throws IOException {
      // Noted before: thawing one too many does no harm.
      ours.push(process);
      try {
        boolean _ = processes.signal(process, ProcessSignal.STOP);
      } catch (IOException e) {
        throw new QuiesceException(
            "process " + process.pid() + " cannot be stopped: " + e.getMessage(), e);
      }
    }

    /** Those alive of the process, its group if it leads one, and all who descend from them. */
    private List<ProcessStatus> family() throws IOException {
      List<ProcessStatus> all = processes.all().stream().filter(ProcessStatus::alive).toList();
      Set<Long> pids = new HashSet<>(Set.of(writer.pid()));
      boolean leads =
          all.stream().anyMatch(e -> e.identity().equals(writer) && e.groupId() == writer.pid());
      boolean grown = true;
      while (grown) {
        grown = false;
        for (ProcessStatus each : all) {
          boolean member = leads && each.groupId() == writer.pid();
          if (member || pids.contains(each.parentPid())) {
            grown |= pids.add(each.identity().pid());
          }
        }
      }
      return all.stream().filter(each -> pids.contains(each.identity().pid())).toList();
    }

    @Override
    public void verify() throws IOException {
      for (ProcessStatus each : family()) {
        if (!each.stopped()) {
          throw new QuiesceException(
              "process " + each.identity().pid() + " was continued by somebody meanwhile");
        }
      }
      if (!processes.isAlive(writer)) {
        throw new QuiesceException("process " + writer.pid() + " was killed meanwhile");
      }
    }

    @Override
    public void thaw() throws IOException {
      QuiesceException failure = null;
      for (ProcessIdentity each : ours) {
        try {
          boolean _ = processes.signal(each, ProcessSignal.CONTINUE);
        } catch (IOException e) {
          failure =
              new QuiesceException(
                  "process " + each.pid() + " may still be stopped: " + e.getMessage(), e);
        }
      }
      if (failure != null) {
        throw failure;
      }
    }
  }
}
