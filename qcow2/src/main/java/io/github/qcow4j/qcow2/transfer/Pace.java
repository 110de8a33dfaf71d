package io.github.qcow4j.qcow2.transfer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.util.concurrent.locks.LockSupport;

/** Holds a job down to a number of bytes a second. Safe for many threads. */
public final class Pace {

  /**
   * How long a cancelled job may go on waiting: less than anybody notices. Speed does not depend on
   * it, who waits longer parks again.
   */
  private static final long MAX_PARK_NANOS = 50_000_000;

  private final long bytesPerSecond;
  private final JobControl control;

  @GuardedBy("this")
  private long freeAtNanoTime = System.nanoTime();

  /**
   * @param bytesPerSecond the limit, 0 for none
   * @param control whose cancellation ends a wait
   */
  public Pace(long bytesPerSecond, JobControl control) {
    this.bytesPerSecond = bytesPerSecond;
    this.control = control;
  }

  /** Waits until the bytes taken before are paid for, and takes some more. */
  public void take(long bytes) throws JobCancelledException {
    if (bytesPerSecond == 0) {
      return;
    }
    long until;
    synchronized (this) {
      long now = System.nanoTime();
      until = Math.max(freeAtNanoTime, now);
      freeAtNanoTime = until + (long) (bytes * 1e9 / bytesPerSecond);
    }
    for (long left = until - System.nanoTime(); left > 0; left = until - System.nanoTime()) {
      control.checkpoint();
      LockSupport.parkNanos(Math.min(left, MAX_PARK_NANOS));
    }
  }
}
