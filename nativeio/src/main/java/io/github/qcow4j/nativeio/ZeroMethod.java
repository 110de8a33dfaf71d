package io.github.qcow4j.nativeio;

/** How a range was made to read as zeros. */
public enum ZeroMethod {
  /** The storage was given back ({@code FALLOC_FL_PUNCH_HOLE}). */
  HOLE,
  /** The storage was kept and marked unwritten ({@code FALLOC_FL_ZERO_RANGE}). */
  ZERO_RANGE,
  /** Zeros were written. */
  WRITTEN
}
