package io.github.qcow4j.snapshot.quiesce;

import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes writers hold still around a capture and lets them go on afterwards, on every way out: also
 * when the capture fails, the job is cancelled, or a signal ends this process. Of a {@code SIGKILL}
 * nobody is told: what was frozen stays frozen then until somebody else lets it go.
 */
public final class QuiesceBracket {

  private final QuiescePlan plan;
  private final JobControl control;
  private final Deque<Held> held = new ArrayDeque<>();
  private final List<String> shortfalls = new ArrayList<>();
  private final Object lock = new Object();

  private record Held(Quiescer quiescer, Quiescer.Hold hold) {}

  /** What is done while the writers hold still. */
  @FunctionalInterface
  public interface Capture<T> {

    /**
     * Captures.
     *
     * @param consistency what it will be worth; with {@link Consistency#NONE} only a capture of one
     *     instant is worth anything
     */
    T capture(Consistency consistency) throws IOException;
  }

  private QuiesceBracket(QuiescePlan plan, JobControl control) {
    this.plan = plan;
    this.control = control;
  }

  /**
   * Captures inside the bracket. On return the writers go on.
   *
   * @param plan whom to ask, and what to do when that fails
   * @param control stops the attempt; the capture has to ask it by itself. Cancelled when the
   *     process ends by a signal
   * @param capture what to do meanwhile
   * @return the capture, what it is worth, and whether the writers may still hold still
   * @throws QuiesceException when the plan does not go on without one that failed
   * @throws JobCancelledException when the job was cancelled
   * @throws IOException what the capture throws
   */
  public static <T> Quiesced<T> run(QuiescePlan plan, JobControl control, Capture<T> capture)
      throws IOException {
    return new QuiesceBracket(plan, control).run(capture);
  }

  private <T> Quiesced<T> run(Capture<T> capture) throws IOException {
    Thread atExit = new Thread(this::endOfProcess, "qcow4j-thaw");
    callAtExit(atExit);
    try {
      freezeAll();
      T value = capture.capture(consistency());
      return release(value);
    } catch (Throwable e) {
      IOException thawFailure = thawAll();
      if (thawFailure != null) {
        e.addSuppressed(thawFailure);
      }
      throw e;
    } finally {
      forget(atExit);
    }
  }

  private void callAtExit(Thread atExit) throws JobCancelledException {
    try {
      Runtime.getRuntime().addShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // The process is ending already.
      control.cancel();
      control.checkpoint();
    }
  }

  private static void forget(Thread atExit) {
    try {
      boolean _ = Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // The process is ending, and the thread at work.
    }
  }

  private void freezeAll() throws IOException {
    for (Quiescer quiescer : plan.quiescers()) {
      synchronized (lock) {
        control.checkpoint();
        try {
          held.push(new Held(quiescer, quiescer.freeze(control)));
        } catch (QuiesceException e) {
          fallShort(e);
        }
      }
    }
    control.checkpoint();
  }

  /**
   * Asks each one whether it has held to the end, and lets it go. One by one: whoever was frozen
   * first may be unable to answer before those after it are let go.
   */
  private <T> Quiesced<T> release(T value) throws IOException {
    synchronized (lock) {
      control.checkpoint();
      Consistency reached = Consistency.NONE;
      IOException thawFailure = null;
      for (Held each = held.peek(); each != null; each = held.peek()) {
        try {
          each.hold().verify();
          reached = better(reached, each.quiescer().consistency());
        } catch (QuiesceException e) {
          fallShort(e);
        }
        held.pop();
        thawFailure = thaw(each, thawFailure);
      }
      return new Quiesced<>(value, reached, shortfalls, thawFailure);
    }
  }

  private Consistency consistency() {
    Consistency best = Consistency.NONE;
    for (Held each : held) {
      best = better(best, each.quiescer().consistency());
    }
    return best;
  }

  private static Consistency better(Consistency one, Consistency other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  private void fallShort(QuiesceException failure) throws QuiesceException {
    if (plan.onFailure() == OnQuiesceFailure.ABORT) {
      throw failure;
    }
    shortfalls.add(String.valueOf(failure.getMessage()));
  }

  private @Nullable IOException thawAll() {
    synchronized (lock) {
      IOException failure = null;
      while (!held.isEmpty()) {
        failure = thaw(held.pop(), failure);
      }
      return failure;
    }
  }

  private static @Nullable IOException thaw(Held each, @Nullable IOException before) {
    try {
      each.hold().thaw();
      return before;
    } catch (IOException e) {
      if (before == null) {
        return e;
      }
      before.addSuppressed(e);
      return before;
    }
  }

  /**
   * In a thread of its own, while the capture may still run: what it would give from now on is not
   * of one instant, and is refused.
   */
  private void endOfProcess() {
    control.cancel();
    IOException _ = thawAll();
  }
}
