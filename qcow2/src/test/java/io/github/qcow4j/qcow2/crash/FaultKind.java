package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.Faults;

/** In which way the nth call goes wrong. */
enum FaultKind {
  IO_ERROR {
    @Override
    Faults on(Faults faults, long nth) {
      return faults.failCall(nth, Errno.EIO);
    }
  },
  DISK_FULL {
    @Override
    Faults on(Faults faults, long nth) {
      return faults.failCall(nth, Errno.ENOSPC);
    }
  },
  DISK_GONE {
    @Override
    Faults on(Faults faults, long nth) {
      return faults.failFrom(nth, Errno.EIO);
    }
  },
  DISK_FULL_FROM_THEN_ON {
    @Override
    Faults on(Faults faults, long nth) {
      return faults.only("pwrite", "fallocate", "open").failFrom(nth, Errno.ENOSPC);
    }
  },
  CUT_SHORT_AND_INTERRUPTED {
    @Override
    Faults on(Faults faults, long nth) {
      return faults.shortenCall(nth);
    }
  };

  abstract Faults on(Faults faults, long nth);
}
