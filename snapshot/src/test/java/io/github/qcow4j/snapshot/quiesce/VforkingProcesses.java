package io.github.qcow4j.snapshot.quiesce;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.ProcessStatus;
import io.github.qcow4j.nativeio.Processes;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A parent that waits in the kernel until its child has called {@code execve}, which the child does
 * as soon as it is let go: until then a stop of the parent has no effect.
 */
final class VforkingProcesses implements Processes {

  private static final long PARENT = 10;
  private static final long CHILD = 11;

  private boolean parentStopped;
  private boolean childStopped;
  private boolean childExecutes;

  ProcessIdentity parent() {
    return identity(PARENT);
  }

  private static ProcessIdentity identity(long pid) {
    return new ProcessIdentity(pid, "test:" + pid);
  }

  @Override
  public @Nullable ProcessStatus status(long pid) {
    if (pid == PARENT) {
      boolean stopped = parentStopped && childExecutes;
      return new ProcessStatus(identity(PARENT), 1, PARENT, -1, true, stopped);
    }
    if (pid == CHILD) {
      return new ProcessStatus(identity(CHILD), PARENT, PARENT, -1, true, childStopped);
    }
    return pid == ProcessHandle.current().pid()
        ? new ProcessStatus(identity(pid), 1, pid, -1, true, false)
        : null;
  }

  @Override
  public List<ProcessStatus> all() {
    return List.of(PARENT, CHILD).stream().map(this::status).toList();
  }

  @Override
  public Set<ProcessSignal> signals() {
    return EnumSet.allOf(ProcessSignal.class);
  }

  @Override
  public boolean signal(ProcessIdentity process, ProcessSignal signal) {
    boolean stop = signal == ProcessSignal.STOP;
    if (process.pid() == PARENT) {
      parentStopped = stop;
    } else {
      childStopped = stop;
      childExecutes |= !stop;
    }
    return true;
  }
}
