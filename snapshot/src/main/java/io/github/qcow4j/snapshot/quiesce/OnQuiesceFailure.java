package io.github.qcow4j.snapshot.quiesce;

/** What to do when writers cannot be made to hold still as was asked. */
public enum OnQuiesceFailure {
  /** Nothing is captured. */
  ABORT,
  /**
   * What was asked is left out, and the rest holds: {@link Consistency#CRASH} where the processes
   * can be stopped at least. The result says what is missing.
   */
  CRASH_CONSISTENT
}
