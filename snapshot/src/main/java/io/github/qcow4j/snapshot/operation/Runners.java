package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessStatus;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.lease.Leases;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who runs boxes. A box runs as long as somebody holds its lease, and as long as the process lives
 * that the catalogue names: a writer outlives the program that had started it and held the lease,
 * when that one is killed.
 *
 * @param leases who holds boxes
 */
record Runners(Leases leases) {

  /**
   * Whether somebody runs a box whose row was just read.
   *
   * @throws IOException also when it cannot be found out whether the writer lives
   */
  boolean isRunning(BoxRow box) throws IOException {
    Holder holder = box.holder();
    return leases.isRunning(box.seq()) || (holder != null && outlives(holder));
  }

  /**
   * Whether a writer lives whose box nobody holds. Of this process the lease alone tells: it holds
   * the boxes that it runs itself, and has closed this one.
   */
  private static boolean outlives(Holder holder) throws IOException {
    Processes processes = Volumes.processes(Volumes.host());
    ProcessStatus status = processes.status(holder.pid());
    if (status == null) {
      return leadsSomebody(processes, holder.pid());
    }
    if (!isSame(holder, status)) {
      return false;
    }
    return status.alive()
        ? holder.pid() != ProcessHandle.current().pid()
        : leadsSomebody(processes, holder.pid());
  }

  /** A process group lives on when its leader has ended; its number is not given anew meanwhile. */
  private static boolean leadsSomebody(Processes processes, long groupId) throws IOException {
    for (ProcessStatus each : processes.all()) {
      if (each.alive() && each.groupId() == groupId) {
        return true;
      }
    }
    return false;
  }

  /** The process that a holder names, if it lives and is still that one. */
  static @Nullable ProcessIdentity living(Processes processes, @Nullable Holder holder)
      throws IOException {
    if (holder == null) {
      return null;
    }
    ProcessStatus status = processes.status(holder.pid());
    return status != null && isSame(holder, status) ? status.identity() : null;
  }

  /**
   * Whether a process is the one that was noted. Its time of beginning is asked only of what former
   * programs noted: it is counted from the host's clock, and who sets that moves it.
   */
  private static boolean isSame(Holder holder, ProcessStatus status) {
    if (holder.start() != null) {
      return status.identity().start().equals(holder.start());
    }
    Optional<Instant> startedAt =
        ProcessHandle.of(holder.pid()).flatMap(each -> each.info().startInstant());
    return startedAt.isPresent()
        && startedAt.get().toEpochMilli() == holder.startedAt().toEpochMilli();
  }
}
