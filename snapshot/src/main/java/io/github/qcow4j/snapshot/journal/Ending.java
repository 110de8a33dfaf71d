package io.github.qcow4j.snapshot.journal;

/** What becomes of an intent that recovery is asked to end. */
public enum Ending {
  /** It is over, by this process or by another one just before. */
  ENDED,
  /** It stands, and nobody is at it. */
  LEFT,
  /** Somebody else is at it: whoever began it, or another process that ends it just now. */
  BUSY
}
