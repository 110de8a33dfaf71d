package io.github.qcow4j.qcow2.commit;

import org.jspecify.annotations.Nullable;

/**
 * What to commit, and how.
 *
 * @param base the image of the chain that takes the data: the name by which an overlay names it, or
 *     one that leads to it from the overlay's directory; null for the overlay's own backing file
 * @param emptying whether the overlay is emptied afterwards; not possible with a base further down
 *     than the backing file, where the layers between still differ from the base
 * @param parallelism how many threads move data, 1 to 16
 * @param bytesPerSecond how fast to go at most, 0 for no limit
 */
public record CommitOptions(
    @Nullable String base, boolean emptying, int parallelism, long bytesPerSecond) {

  /** The largest number of threads: that of {@code qemu-img convert -m}, whatever a machine has. */
  public static final int MAX_PARALLELISM = 16;

  /**
   * Into the backing file, emptying the overlay: {@code qemu-img commit} without options. Of the
   * threads no more are started than there are processors, or two; more than four were never
   * measured, for want of such a machine, and each holds buffers of a megabyte or two.
   */
  public static final CommitOptions DEFAULT = new CommitOptions(null, true, 4, 0);

  public CommitOptions {
    if (parallelism < 1 || parallelism > MAX_PARALLELISM) {
      throw new IllegalArgumentException("parallelism is not 1 to 16: " + parallelism);
    }
    if (bytesPerSecond < 0) {
      throw new IllegalArgumentException("bytesPerSecond is negative: " + bytesPerSecond);
    }
  }

  /** The same into an image of the chain, leaving the overlay as it is. */
  public CommitOptions into(String newBase) {
    return new CommitOptions(newBase, false, parallelism, bytesPerSecond);
  }

  /** The same, leaving the overlay as it is. */
  public CommitOptions withoutEmptying() {
    return new CommitOptions(base, false, parallelism, bytesPerSecond);
  }

  /** The same with a limit on speed, in bytes per second; 0 for none. */
  public CommitOptions atMost(long newBytesPerSecond) {
    return new CommitOptions(base, emptying, parallelism, newBytesPerSecond);
  }
}
