package io.github.qcow4j.qcow2.compare;

/** What a comparison found. */
public sealed interface ComparisonResult {

  /**
   * The disks hold the same bytes; where one is longer, zeros follow.
   *
   * @param sizesDiffer whether one is longer
   */
  record Identical(boolean sizesDiffer) implements ComparisonResult {}

  /** Strictly compared, the disks differ in size. */
  record SizeMismatch() implements ComparisonResult {}

  /**
   * Strictly compared, the disks differ in what they have allocated, or how.
   *
   * @param guestOffset where the first such range begins
   */
  record StatusMismatch(long guestOffset) implements ComparisonResult {}

  /**
   * The disks hold different bytes.
   *
   * @param guestOffset the first 512-byte sector that differs
   * @param pastShorterDisk whether that lies where only the longer disk reaches
   */
  record ContentMismatch(long guestOffset, boolean pastShorterDisk) implements ComparisonResult {}
}
