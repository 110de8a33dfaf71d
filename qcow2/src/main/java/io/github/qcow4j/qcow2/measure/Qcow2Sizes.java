package io.github.qcow4j.qcow2.measure;

import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.measure.MeasureTarget.Qcow2;

/**
 * How much a qcow2 image takes whose whole disk is allocated: the disk, and header, tables and
 * refcounts for it. Pure arithmetic.
 *
 * @param diskBytes the disk, in whole clusters
 * @param metadataBytes all else
 */
record Qcow2Sizes(long diskBytes, long metadataBytes) {

  /** Up to here no sum passes 63 bits, whatever the clusters: metadata may be half of all. */
  private static final long MAX_COMPUTABLE_BYTES = 1L << 62;

  /**
   * Computes the sizes, whether or not such an image could be made.
   *
   * @param virtualSize size of the disk in bytes, a multiple of 512
   * @throws LimitExceededException when they are beyond all numbers
   */
  static Qcow2Sizes of(long virtualSize, Qcow2 target) throws LimitExceededException {
    int clusterSize = target.clusterSize();
    if (virtualSize > MAX_COMPUTABLE_BYTES) {
      throw tooLarge();
    }
    long diskBytes = roundUp(virtualSize, clusterSize);
    long l2Bytes = l2Bytes(diskBytes, target);
    long withoutRefcounts = clusterSize + l2Bytes + l1Bytes(l2Bytes, target);
    long clusters = (withoutRefcounts + diskBytes) >>> target.clusterBits();
    return new Qcow2Sizes(
        diskBytes, withoutRefcounts + (refcountClusters(clusters, target) << target.clusterBits()));
  }

  /**
   * The same, of an image that could be made.
   *
   * @throws LimitExceededException when the disk is too large for its clusters
   */
  static Qcow2Sizes ofPossible(long virtualSize, Qcow2 target) throws LimitExceededException {
    Qcow2Sizes sizes = of(virtualSize, target);
    if (l1Bytes(l2Bytes(sizes.diskBytes, target), target) > FormatLimits.MAX_L1_BYTES) {
      throw tooLarge();
    }
    return sizes;
  }

  private static long l2Bytes(long diskBytes, Qcow2 target) {
    long entryBytes = target.extendedL2() ? 16 : 8;
    return roundUp((diskBytes >>> target.clusterBits()) * entryBytes, target.clusterSize());
  }

  private static long l1Bytes(long l2Bytes, Qcow2 target) {
    return roundUp((l2Bytes >>> target.clusterBits()) * Long.BYTES, target.clusterSize());
  }

  long totalBytes() {
    return diskBytes + metadataBytes;
  }

  /** Refcount blocks and table for so many clusters, and for themselves. */
  private static long refcountClusters(long clusters, Qcow2 target) {
    long countersPerBlock = (8L << target.clusterBits()) >>> target.refcountOrder();
    long blocks = 0;
    long tableClusters = 0;
    long before;
    do {
      before = blocks + tableClusters;
      blocks = ceilDiv(clusters + before, countersPerBlock);
      tableClusters = ceilDiv(blocks * Long.BYTES, target.clusterSize());
    } while (blocks + tableClusters != before);
    return before;
  }

  static long roundUp(long value, long unit) {
    return ceilDiv(value, unit) * unit;
  }

  static long ceilDiv(long value, long divisor) {
    return value / divisor + (value % divisor == 0 ? 0 : 1);
  }

  private static LimitExceededException tooLarge() {
    return new LimitExceededException(
        null,
        "The image size is too large (try using a larger cluster size)",
        "L1 table bytes",
        FormatLimits.MAX_L1_BYTES);
  }
}
