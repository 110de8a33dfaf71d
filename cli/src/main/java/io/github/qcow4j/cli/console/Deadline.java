package io.github.qcow4j.cli.console;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * When the call has to have ended, if somebody has said so. The time counts from {@link #begin} on.
 * {@link #pass} and {@link #tell} may be called by any thread; all else is for the program's own.
 */
public final class Deadline {

  private final Console console;
  private final AtomicBoolean told = new AtomicBoolean();
  private Consumer<TimeLimit> watch = limit -> {};
  private volatile @Nullable TimeLimit limit;
  private volatile boolean passed;

  @GuardedBy("this")
  private boolean lifted;

  Deadline(Console console) {
    this.console = console;
  }

  /**
   * Names who counts.
   *
   * @param counting called when the time begins; calls {@link #pass} when it is up
   */
  public void watchedBy(Consumer<TimeLimit> counting) {
    watch = counting;
  }

  /** Says how long the call may take; the environment is not asked then. */
  public void set(TimeLimit chosen) {
    limit = chosen;
  }

  /**
   * Begins to count, if there is a limit.
   *
   * @throws UsageException when that of the environment is not understood
   */
  public void begin() throws UsageException {
    TimeLimit chosen = limit;
    if (chosen == null) {
      chosen = TimeLimit.ofEnvironment(console.environment(TimeLimit.VARIABLE));
    }
    if (chosen != null) {
      limit = chosen;
      watch.accept(chosen);
    }
  }

  /**
   * The time is up: the job is stopped, and any that would follow. What needs no more of them ends
   * as if there were time.
   *
   * @return false when the deadline was lifted: then nothing happens
   */
  public synchronized boolean pass() {
    if (!lifted) {
      passed = true;
      boolean _ = console.cancel();
    }
    return !lifted;
  }

  /**
   * From here on the call may take as long as it likes.
   *
   * @throws JobCancelledException when the time is up already
   */
  public synchronized void lift() throws JobCancelledException {
    if (passed) {
      console.startJob().checkpoint();
    }
    lifted = true;
  }

  /** Whether a failure comes of the time being up. */
  public boolean hasCaused(Throwable failure) {
    if (passed) {
      for (Throwable each = failure; each != null; each = each.getCause()) {
        if (each instanceof JobCancelledException) {
          return true;
        }
      }
    }
    return false;
  }

  /** What is to be said when the time is up. */
  public String text() {
    TimeLimit known = limit;
    return known == null ? "" : known.exceeded();
  }

  /**
   * Says a line on standard error that begins with the program's name, the first time it is called.
   * Waits for nothing that others print.
   */
  public void tell(String line) {
    if (told.compareAndSet(false, true)) {
      PrintStream err = console.err();
      err.print(console.personality().programName() + ": " + line + "\n");
      err.flush();
    }
  }
}
