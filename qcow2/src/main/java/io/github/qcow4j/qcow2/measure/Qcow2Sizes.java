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

  /**
   * Computes the sizes.
   *
   * @param virtualSize size of the disk in bytes, a multiple of 512
   * @throws LimitExceededException when the disk is too large for its clusters
   */
  static Qcow2Sizes of(long virtualSize, Qcow2 target) throws LimitExceededException {
    int clusterSize = target.clusterSize();
    if (virtualSize > Long.MAX_VALUE - clusterSize) {
      throw tooLarge();
    }
    long diskBytes = roundUp(virtualSize, clusterSize);
    long entryBytes = target.extendedL2() ? 16 : 8;
    long l2Entries = roundUp(diskBytes >>> target.clusterBits(), clusterSize / entryBytes);
    long l2Bytes = l2Entries * entryBytes;
    long l1Bytes = roundUp((l2Bytes >>> target.clusterBits()) * Long.BYTES, clusterSize);
    if (l1Bytes > FormatLimits.MAX_L1_BYTES) {
      throw tooLarge();
    }
    long withoutRefcounts = clusterSize + l2Bytes + l1Bytes;
    long clusters = (withoutRefcounts + diskBytes) >>> target.clusterBits();
    return new Qcow2Sizes(
        diskBytes, withoutRefcounts + (refcountClusters(clusters, target) << target.clusterBits()));
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
