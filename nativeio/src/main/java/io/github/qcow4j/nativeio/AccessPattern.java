package io.github.qcow4j.nativeio;

/** How a range is going to be used ({@code posix_fadvise(2)}). */
public enum AccessPattern {
  /** Nothing is known. */
  NORMAL,
  /** In no order: reading ahead is wasted. */
  RANDOM,
  /** From front to back: reading ahead pays. */
  SEQUENTIAL,
  /** Soon: reading it in now pays. */
  WILL_NEED,
  /** Not again: what is clean of it need not stay in memory. */
  DONT_NEED
}
