package io.github.qcow4j.qcow2.compare;

/**
 * What an image tells of a range without its data.
 *
 * @param lengthBytes for how many bytes it holds
 * @param allocated whether some layer decides it
 * @param zero whether it reads as zeros
 * @param data whether data back it
 * @param placed whether it stands as plain bytes in a file
 * @param reachesEnd whether the disk ends with it
 */
record BlockStatus(
    long lengthBytes,
    boolean allocated,
    boolean zero,
    boolean data,
    boolean placed,
    boolean reachesEnd) {

  /** Whether the same is told, wherever the ranges end. */
  boolean agreesWith(BlockStatus other) {
    return allocated == other.allocated
        && zero == other.zero
        && data == other.data
        && placed == other.placed
        && reachesEnd == other.reachesEnd;
  }
}
