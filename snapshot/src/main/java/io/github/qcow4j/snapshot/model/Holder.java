package io.github.qcow4j.snapshot.model;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.Volumes;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A process that works with a box.
 *
 * @param pid its process number
 * @param startedAt when it began, for people: it moves when the clock of the host is set, and so
 *     tells processes of one number apart only where there is no {@code start}
 * @param start what tells it from a later one of the same number, see {@link
 *     ProcessIdentity#start}; null where that is not known
 * @param command what it runs, for people
 */
public record Holder(long pid, Instant startedAt, @Nullable String start, String command) {

  /** One of whom no more is known than when it began. */
  public Holder(long pid, Instant startedAt, String command) {
    this(pid, startedAt, null, command);
  }

  /** A living process of this host. */
  public static Holder of(ProcessHandle process, String command) {
    Instant startedAt = process.info().startInstant().orElse(Instant.EPOCH);
    return new Holder(process.pid(), startedAt, start(process.pid()), command);
  }

  /** This process. */
  public static Holder ofThisProcess(String command) {
    return of(ProcessHandle.current(), command);
  }

  private static @Nullable String start(long pid) {
    try {
      var status = Volumes.processes(Volumes.host()).status(pid);
      return status == null ? null : status.identity().start();
    } catch (IOException e) {
      // Where there is no /proc: the time has to do, as it did before.
      return null;
    }
  }

  /** In words. */
  public String inWords() {
    return "process " + pid + " (" + command + ")";
  }
}
