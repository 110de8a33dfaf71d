package io.github.qcow4j.qcow2.measure;

import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.header.FormatLimits;

/** What kind of image is to be measured. */
public sealed interface MeasureTarget {

  /** A raw image: the guest's bytes as they are. */
  record Raw() implements MeasureTarget {}

  /**
   * A qcow2 image. Only what affects its size is asked for.
   *
   * @param version 2 or 3; version 2 has no bitmaps
   * @param clusterBits binary logarithm of the cluster size in bytes, 9 to 21
   * @param refcountOrder binary logarithm of the refcount width in bits, 0 to 6
   * @param extendedL2 whether L2 entries have subclusters
   * @param preallocation what is allocated from the beginning
   * @param overBackingFile whether it is to have a backing file: nothing is known then about which
   *     of a source's data it needs, and all are counted
   */
  record Qcow2(
      int version,
      int clusterBits,
      int refcountOrder,
      boolean extendedL2,
      Preallocation preallocation,
      boolean overBackingFile)
      implements MeasureTarget {

    /** What {@code qemu-img create} makes without options. */
    public static final Qcow2 DEFAULT = new Qcow2(3, 16, 4, false, Preallocation.OFF, false);

    public Qcow2 {
      require(version == 2 || version == 3, "version", version);
      require(
          clusterBits >= FormatLimits.MIN_CLUSTER_BITS
              && clusterBits <= FormatLimits.MAX_CLUSTER_BITS,
          "clusterBits",
          clusterBits);
      require(
          refcountOrder >= 0 && refcountOrder <= FormatLimits.MAX_REFCOUNT_ORDER,
          "refcountOrder",
          refcountOrder);
      require(
          !extendedL2 || clusterBits >= FormatLimits.MIN_EXTENDED_L2_CLUSTER_BITS,
          "clusterBits with extended L2 entries",
          clusterBits);
    }

    private static void require(boolean condition, String what, int value) {
      if (!condition) {
        throw new IllegalArgumentException(what + " cannot be " + value);
      }
    }

    /** The cluster size in bytes. */
    public int clusterSize() {
      return 1 << clusterBits;
    }
  }
}
