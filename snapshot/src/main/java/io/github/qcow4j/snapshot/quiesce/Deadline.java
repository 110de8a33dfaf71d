package io.github.qcow4j.snapshot.quiesce;

import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Until when something is waited for, and the job that may end the waiting before. */
final class Deadline {

  /** How long a cancelled job may go unnoticed. */
  private static final long GLANCE_MILLIS = 20;

  /**
   * A guest that is to be thawed waits this long at most after its agent has come to itself; an
   * agent that answers everything with an error is asked about forty times in ten seconds.
   */
  private static final long LONGEST_REST_MILLIS = 250;

  private final long atNanoTime;
  private final long timeoutMillis;
  private final @Nullable JobControl control;

  private Deadline(long timeoutMillis, @Nullable JobControl control) {
    this.atNanoTime = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    this.timeoutMillis = timeoutMillis;
    this.control = control;
  }

  /** For an attempt that may be given up. */
  static Deadline of(long timeoutMillis, JobControl control) {
    return new Deadline(timeoutMillis, control);
  }

  /** For what has to be tried to the end. */
  static Deadline unstoppable(long timeoutMillis) {
    return new Deadline(timeoutMillis, null);
  }

  boolean isOver() {
    return System.nanoTime() - atNanoTime >= 0;
  }

  long timeoutMillis() {
    return timeoutMillis;
  }

  /** How long to wait at a stretch, at least 1 ms. */
  long stretchMillis() {
    return Math.min(leftMillis(), GLANCE_MILLIS);
  }

  private long leftMillis() {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(atNanoTime - System.nanoTime()));
  }

  /**
   * To be asked between two stretches.
   *
   * @throws QuiesceException when the time is over
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when the job was cancelled
   */
  void check(String waitingFor) throws IOException {
    if (control != null) {
      control.checkpoint();
    }
    if (isOver()) {
      throw new QuiesceException(
          waitingFor + " did not come within " + timeoutMillis + " ms", null, true);
    }
  }

  /** Waits a moment for something that tells nobody when it happens. */
  void rest() {
    rest(0);
  }

  /**
   * Waits before the next attempt, the longer the more attempts there were: 1, 2, 4 ms and so on,
   * and no longer than {@value #LONGEST_REST_MILLIS} ms.
   *
   * @param attempt how many attempts there were before the last one
   */
  void rest(int attempt) {
    long millis = Math.min(1L << Math.min(attempt, Integer.SIZE), LONGEST_REST_MILLIS);
    // What is left is no whole milliseconds: to wake before the end is to try once more for
    // nothing.
    long leftNanos = Math.max(1, atNanoTime - System.nanoTime());
    LockSupport.parkNanos(Math.min(TimeUnit.MILLISECONDS.toNanos(millis), leftNanos));
  }
}
