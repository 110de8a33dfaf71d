package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.simulator.Faults;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import java.util.EnumSet;
import java.util.Set;

/** In which way the nth call goes wrong. */
public enum FaultKind {
  IO_ERROR(Errno.EIO) {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.failCall(nth, errno());
    }
  },
  DISK_FULL(Errno.ENOSPC) {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.failCall(nth, errno());
    }
  },
  DISK_GONE(Errno.EIO) {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.failFrom(nth, errno());
    }
  },
  DISK_FULL_FROM_THEN_ON(Errno.ENOSPC) {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.only("pwrite", "fallocate", "open").failFrom(nth, errno());
    }
  },
  WRITE_CUT_SHORT_AND_INTERRUPTED(Errno.EINTR) {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.shortenWrite(nth);
    }
  },
  COPY_REFUSED_FROM_THEN_ON(Errno.EOPNOTSUPP) {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.only("ioctl", "copy_file_range").failFrom(nth, errno());
    }
  };

  private final Errno errno;

  FaultKind(Errno errno) {
    this.errno = errno;
  }

  /**
   * Those that all work meets. Few jobs have the kernel copy, and a box that is written to is
   * refused where its files cannot be shared.
   */
  public static Set<FaultKind> metByAll() {
    return EnumSet.complementOf(EnumSet.of(COPY_REFUSED_FROM_THEN_ON));
  }

  /** What the kernel says. */
  Errno errno() {
    return errno;
  }

  /** Whether the work is done all the same: it is nobody's business. */
  public boolean isMadeUpFor() {
    return this == WRITE_CUT_SHORT_AND_INTERRUPTED || this == COPY_REFUSED_FROM_THEN_ON;
  }

  /**
   * On which kind of disk it happens: a file that nobody sees until it is whole needs other calls
   * where files have names from the beginning.
   */
  public SimulatedVolume disk() {
    return disk(SimulatedVolume.Options.standard());
  }

  /** The same of a disk that can do less. */
  SimulatedVolume disk(SimulatedVolume.Options disk) {
    return SimulatedVolume.create(
        this == DISK_FULL || this == DISK_FULL_FROM_THEN_ON
            ? disk.without(Capability.UNNAMED_FILES)
            : disk);
  }

  /** Asks for it; calls are counted from now on. */
  public abstract Faults on(Faults faults, long nth);
}
