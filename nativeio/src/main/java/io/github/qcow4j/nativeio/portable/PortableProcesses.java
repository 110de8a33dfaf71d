package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.ProcessStatus;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.support.ProcTable;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The host's processes as far as {@code java.lang} reaches: they can be ended, but neither stopped
 * nor continued.
 */
public final class PortableProcesses implements Processes {

  private final ProcTable table = new ProcTable();

  /** The processes of this host. */
  public PortableProcesses() {}

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
    return EnumSet.of(ProcessSignal.TERMINATE, ProcessSignal.KILL);
  }

  @Override
  public boolean signal(ProcessIdentity process, ProcessSignal signal) throws IOException {
    String name = "process " + process.pid();
    if (!signals().contains(signal)) {
      throw new SystemCallException(
          "kill", Errno.EOPNOTSUPP.number(), name, Errno.EOPNOTSUPP.text());
    }
    Optional<ProcessHandle> handle = ProcessHandle.of(process.pid());
    if (handle.isEmpty() || !isAlive(process)) {
      return false;
    }
    boolean sent =
        signal == ProcessSignal.KILL ? handle.get().destroyForcibly() : handle.get().destroy();
    if (!sent && isAlive(process)) {
      throw new SystemCallException("kill", Errno.EPERM.number(), name, Errno.EPERM.text());
    }
    return sent;
  }
}
