package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The processes of this host, as {@code proc(5)} shows them. {@link Volumes#processes} has them.
 *
 * <p>All methods may be called by any thread. What they say holds for the moment they look.
 */
public interface Processes {

  /**
   * What a process does.
   *
   * @param pid its number, at least 1
   * @return null when there is no process of that number
   * @throws IOException when that cannot be found out, also where {@code /proc} is missing
   */
  @Nullable ProcessStatus status(long pid) throws IOException;

  /**
   * All processes that can be seen, by number. Those that come or go meanwhile may be missing.
   *
   * @throws IOException when that cannot be found out
   */
  List<ProcessStatus> all() throws IOException;

  /** The signals that this provider can send; {@code portable} has TERM and KILL alone. */
  Set<ProcessSignal> signals();

  /**
   * Sends a signal ({@code kill(2)}). The process is looked at just before: a later one with its
   * number gets nothing. It may not have been acted on yet on return.
   *
   * @return false when the process has ended
   * @throws IOException when it may not be sent, or when the provider cannot
   */
  boolean signal(ProcessIdentity process, ProcessSignal signal) throws IOException;

  /** Whether the process has not ended. */
  default boolean isAlive(ProcessIdentity process) throws IOException {
    ProcessStatus status = status(process.pid());
    return status != null && status.alive() && status.identity().equals(process);
  }

  /** This process. */
  default ProcessIdentity self() throws IOException {
    ProcessStatus own = status(ProcessHandle.current().pid());
    if (own == null) {
      throw new IOException("/proc does not show this process");
    }
    return own.identity();
  }
}
