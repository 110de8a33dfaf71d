package io.github.qcow4j.nativeio.simulator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.nativeio.Errno;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls on a simulated volume fail. Calls are counted from 1, by the names of the system
 * calls they stand for; {@link #only} leaves all others out of the count.
 *
 * <p>To fail every call of a workload in turn: run it with {@code failCall(1, …)}, {@code
 * failCall(2, …)} and so on until {@link #happened} stays false. Any thread may use it.
 */
public final class Faults {

  private @Nullable Set<String> only;
  private long calls;
  private long firstFailing = Long.MAX_VALUE;
  private long lastFailing = Long.MAX_VALUE;
  private Errno errno = Errno.EIO;
  private long shortWrite = Long.MAX_VALUE;
  private boolean happened;
  private final Set<String> failedCalls = new TreeSet<>();
  private Runnable whenHappened = () -> {};

  Faults() {}

  /** Does this just before the fault that was last asked for comes for the first time. */
  public synchronized Faults whenHappened(Runnable action) {
    whenHappened = action;
    return this;
  }

  /** Counts only these calls, for example {@code "pwrite"}, {@code "fdatasync"}, from 1 again. */
  public synchronized Faults only(String... names) {
    only = Set.of(names);
    calls = 0;
    return this;
  }

  /**
   * The nth call from now on fails; a failing write has written its first half before, in whole
   * sectors of 512 bytes.
   */
  public synchronized Faults failCall(long nth, Errno error) {
    return failFrom(nth, nth, error);
  }

  /** The nth call from now on and all after it fail, as when the device is gone. */
  public synchronized Faults failFrom(long nth, Errno error) {
    return failFrom(nth, Long.MAX_VALUE, error);
  }

  /** As many calls, beginning with the nth from now on, fail: a bad place that is read again. */
  public synchronized Faults failCalls(long nth, long count, Errno error) {
    return failFrom(nth, nth + count - 1, error);
  }

  private Faults failFrom(long first, long last, Errno error) {
    calls = 0;
    happened = false;
    failedCalls.clear();
    firstFailing = first;
    lastFailing = last;
    errno = error;
    return this;
  }

  /**
   * The nth write from now on is cut short and continued after {@code EINTR}: callers see nothing
   * of it, but a power cut may fall between the parts. No other calls are counted: of a read in
   * parts, which {@code BlockFile} continues as well, nobody could ever see anything.
   */
  public synchronized Faults shortenWrite(long nth) {
    only = Set.of("pwrite");
    calls = 0;
    happened = false;
    failedCalls.clear();
    shortWrite = nth;
    return this;
  }

  /** No more faults. */
  public synchronized Faults none() {
    only = null;
    firstFailing = Long.MAX_VALUE;
    lastFailing = Long.MAX_VALUE;
    shortWrite = Long.MAX_VALUE;
    whenHappened = () -> {};
    return this;
  }

  /** How many calls were counted since a fault was last asked for. */
  public synchronized long calls() {
    return calls;
  }

  /** Whether the fault that was last asked for has come. */
  public synchronized boolean happened() {
    return happened;
  }

  /** The names of the calls that failed of the fault that was last asked for. */
  public synchronized Set<String> failedCalls() {
    return Set.copyOf(failedCalls);
  }

  /** Counts a call. */
  Outcome next(String call) {
    Runnable action = () -> {};
    Outcome outcome;
    synchronized (this) {
      boolean before = happened;
      outcome = count(call);
      if (happened && !before) {
        action = whenHappened;
      }
    }
    action.run();
    return outcome;
  }

  @GuardedBy("this")
  private Outcome count(String call) {
    if (only != null && !only.contains(call)) {
      return Outcome.NORMAL;
    }
    calls++;
    if (calls >= firstFailing && calls <= lastFailing) {
      happened = true;
      failedCalls.add(call);
      return new Outcome(errno, true);
    } else if (calls == shortWrite) {
      happened = true;
      return new Outcome(null, true);
    }
    return Outcome.NORMAL;
  }

  /** Counts a call that does all or nothing. */
  void check(String call, @Nullable Path path) throws IOException {
    next(call).check(call, path);
  }

  /**
   * @param errno how the call fails, or null
   * @param cut whether a transfer is cut in half first
   */
  record Outcome(@Nullable Errno errno, boolean cut) {
    static final Outcome NORMAL = new Outcome(null, false);

    void check(String call, @Nullable Path path) throws IOException {
      if (errno != null) {
        throw errno.exception(call, path == null ? null : path.toString());
      }
    }
  }
}
