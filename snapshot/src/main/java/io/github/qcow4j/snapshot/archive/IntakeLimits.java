package io.github.qcow4j.snapshot.archive;

/**
 * How much an archive may expand to.
 *
 * @param maxVirtualSize the largest sum of the sizes of its disks, in bytes
 */
public record IntakeLimits(long maxVirtualSize) {

  /** One TiB: more than virtual machines of this kind have, less than what fills a host unseen. */
  public static final IntakeLimits DEFAULT = new IntakeLimits(1L << 40);

  public IntakeLimits {
    if (maxVirtualSize < 0) {
      throw new IllegalArgumentException("maxVirtualSize is negative: " + maxVirtualSize);
    }
  }
}
