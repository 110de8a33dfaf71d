package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.ProcessStatus;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.support.ProcTable;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The host's processes, signals through {@link LinuxCalls}. */
public final class LinuxProcesses implements Processes {

  private final LinuxCalls calls;
  private final ProcTable table = new ProcTable();

  /** The processes over a binding that works here. */
  public LinuxProcesses(LinuxCalls calls) {
    this.calls = calls;
  }

  @Override
  public @Nullable ProcessStatus status(long pid) throws IOException {
    return table.status(pid);
  }

  @Override
  public List<ProcessStatus> all() throws IOException {
    return table.all();
  }

  @Override
  public Set<ProcessSignal> signals() {
    return EnumSet.allOf(ProcessSignal.class);
  }

  @Override
  public boolean signal(ProcessIdentity process, ProcessSignal signal) throws IOException {
    if (!isAlive(process)) {
      return false;
    }
    long result = calls.kill(process.pid(), signal.number());
    if (result == -Errno.ESRCH.number()) {
      return false;
    }
    if (result < 0) {
      throw Errno.exception("kill", Math.toIntExact(-result), "process " + process.pid(), null);
    }
    return true;
  }
}
