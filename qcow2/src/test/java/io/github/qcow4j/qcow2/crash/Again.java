package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;

/** What a power cut or a failure left must not stand in the way of what is done next. */
final class Again {

  /** A job that may have been begun and not ended. */
  @FunctionalInterface
  interface Job {
    void run(SimulatedVolume volume) throws Exception;
  }

  private Again() {}

  /** Whether to try it: after each failure, and in one of eight states that a power cut left. */
  static boolean isDue(CrashState state) {
    return state.marks().contains(Failure.SURVIVED) || state.id().hashCode() % 8 == 0;
  }

  /** The job succeeds, and leaves nothing open. */
  static void run(CrashState state, Job job) {
    try {
      job.run(state.volume());
    } catch (Exception e) {
      throw new AssertionError("the same job again fails: " + e, e);
    }
    state.volume().assertNothingOpen();
  }
}
