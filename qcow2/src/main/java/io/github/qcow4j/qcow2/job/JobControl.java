package io.github.qcow4j.qcow2.job;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A caller's hold on one job that is running: how far it is, and the way to stop it.
 *
 * <p>Jobs ask {@link #checkpoint()} at least once for every few megabytes or milliseconds of work.
 * All methods may be called by any thread.
 */
public final class JobControl {

  private static final long NO_DEADLINE = Long.MAX_VALUE;

  private final ProgressListener listener;
  private final boolean followed;
  private final long deadlineNanoTime;
  private final @Nullable JobControl whole;
  private final AtomicLong doneUnits = new AtomicLong();
  private volatile long totalUnits;
  private volatile boolean cancelled;

  /**
   * Told how far a job is; called by the job's threads, one at a time, seldom enough not to matter.
   */
  @FunctionalInterface
  public interface ProgressListener {

    /**
     * Hears how far the job is.
     *
     * @param doneUnits work done, in the job's own unit, {@code 0 <= doneUnits <= totalUnits}
     * @param totalUnits work in all; may become known, or grow, while the job runs
     */
    void progressed(long doneUnits, long totalUnits);
  }

  /** A job that nobody follows and nothing bounds. */
  public JobControl() {
    this(JobControl::unheard, false, NO_DEADLINE, null);
  }

  private static void unheard(long doneUnits, long totalUnits) {}

  private JobControl(
      ProgressListener listener,
      boolean followed,
      long deadlineNanoTime,
      @Nullable JobControl whole) {
    this.listener = listener;
    this.followed = followed;
    this.deadlineNanoTime = deadlineNanoTime;
    this.whole = whole;
  }

  /** A job that somebody follows. */
  public static JobControl reportingTo(ProgressListener listener) {
    return new JobControl(listener, true, NO_DEADLINE, null);
  }

  /**
   * The same listener with a bound on time: the job is cancelled when it has not ended by then.
   *
   * @param timeoutMillis from now, in milliseconds
   */
  public JobControl withTimeout(long timeoutMillis) {
    return new JobControl(listener, followed, System.nanoTime() + timeoutMillis * 1_000_000, whole);
  }

  /**
   * For a small part of this job that counts otherwise: it stops when the job stops, and nobody
   * hears how far it is.
   */
  public JobControl forPart() {
    return new JobControl(JobControl::unheard, false, NO_DEADLINE, this);
  }

  /** Whether somebody wants to know how far the job is, so that it is worth finding out. */
  public boolean isFollowed() {
    return followed;
  }

  /** Asks the job to stop at its next checkpoint. */
  public void cancel() {
    cancelled = true;
  }

  /** Whether the job was asked to stop. */
  public boolean isCancelled() {
    return cancelled;
  }

  /**
   * Where a job looks whether it should stop.
   *
   * @throws JobCancelledException when it should
   */
  public void checkpoint() throws JobCancelledException {
    if (whole != null) {
      whole.checkpoint();
    }
    if (cancelled) {
      throw new JobCancelledException("The job was cancelled");
    }
    if (deadlineNanoTime != NO_DEADLINE && System.nanoTime() - deadlineNanoTime > 0) {
      throw new JobCancelledException("The job did not end in time");
    }
  }

  /** Says how much work there is in all, in the job's own unit. */
  public void expect(long units) {
    totalUnits = units;
    listener.progressed(doneUnits.get(), units);
  }

  /** Says that so much more work is done; the listener hears of one step after the other. */
  public synchronized void advance(long units) {
    listener.progressed(doneUnits.addAndGet(units), totalUnits);
  }

  /** How much work is done, in the job's own unit. */
  public long doneUnits() {
    return doneUnits.get();
  }

  /** How much work there is in all, as far as is known. */
  public long totalUnits() {
    return totalUnits;
  }
}
