package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.simulator.Faults;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;

/** In which way the nth call goes wrong. */
public enum FaultKind {
  IO_ERROR {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.failCall(nth, Errno.EIO);
    }
  },
  DISK_FULL {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.failCall(nth, Errno.ENOSPC);
    }
  },
  DISK_GONE {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.failFrom(nth, Errno.EIO);
    }
  },
  DISK_FULL_FROM_THEN_ON {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.only("pwrite", "fallocate", "open").failFrom(nth, Errno.ENOSPC);
    }
  },
  WRITE_CUT_SHORT_AND_INTERRUPTED {
    @Override
    public Faults on(Faults faults, long nth) {
      return faults.shortenWrite(nth);
    }
  };

  /**
   * On which kind of disk it happens: a file that nobody sees until it is whole needs other calls
   * where files have names from the beginning.
   */
  public SimulatedVolume disk() {
    SimulatedVolume.Options disk = SimulatedVolume.Options.standard();
    return SimulatedVolume.create(
        this == DISK_FULL || this == DISK_FULL_FROM_THEN_ON
            ? disk.without(Capability.UNNAMED_FILES)
            : disk);
  }

  /** Asks for it; calls are counted from now on. */
  public abstract Faults on(Faults faults, long nth);
}
