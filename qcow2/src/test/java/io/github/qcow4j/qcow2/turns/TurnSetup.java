package io.github.qcow4j.qcow2.turns;

import java.util.Random;

/**
 * What kind of image two programs take turns on.
 *
 * @param version 2 or 3
 * @param clusterBits binary logarithm of the cluster size in bytes
 * @param refcountBits width of a refcount
 * @param extendedL2 whether there are subclusters
 * @param lazyRefcounts whether QEMU may postpone refcounts while it has the image open
 * @param zstd whether clusters are compressed with zstd
 * @param backingFormat format of its backing file, or empty for none
 * @param diskBytes size of the disk at first
 */
record TurnSetup(
    int version,
    int clusterBits,
    int refcountBits,
    boolean extendedL2,
    boolean lazyRefcounts,
    boolean zstd,
    String backingFormat,
    int diskBytes) {

  /** More than this and looking at all of it after every turn takes too long. */
  private static final int MAX_DISK_BYTES = 2 << 20;

  static TurnSetup drawn(Random random, int index) {
    // The four kinds that matter most come in turn; chance decides the rest.
    boolean version2 = index % 4 == 1;
    boolean extended = index % 4 == 2;
    int clusterBits = extended ? 14 + random.nextInt(3) : 9 + random.nextInt(8);
    return new TurnSetup(
        version2 ? 2 : 3,
        clusterBits,
        version2 ? 16 : 1 << (index % 4 == 3 ? random.nextInt(4) : 4 + random.nextInt(3)),
        extended,
        !version2 && random.nextInt(3) == 0,
        !version2 && random.nextInt(3) == 0,
        new String[] {"", "raw", "qcow2"}[random.nextInt(3)],
        anySize(random, 1 << clusterBits));
  }

  /** A size of the disk, seldom a whole number of clusters. */
  static int anySize(Random random, int clusterBytes) {
    return 512 * (1 + random.nextInt(Math.min(MAX_DISK_BYTES, 60 * clusterBytes) / 512));
  }

  int clusterBytes() {
    return 1 << clusterBits;
  }

  boolean backed() {
    return !backingFormat.isEmpty();
  }

  /** Whether a cluster may be shared by snapshots, and by as many compressed clusters as fit. */
  boolean maySnapshot() {
    return refcountBits >= 16;
  }

  /** In version 2 zeros over a backing file cannot be said, so that a discard does nothing. */
  boolean discardIsIgnored() {
    return version == 2 && backed();
  }

  /** The text of {@code -o} for {@code qemu-img create}. */
  String options() {
    String options = "cluster_size=" + clusterBytes();
    return version == 2
        ? options + ",compat=0.10"
        : options
            + ",refcount_bits="
            + refcountBits
            + ",lazy_refcounts="
            + (lazyRefcounts ? "on" : "off")
            + ",extended_l2="
            + (extendedL2 ? "on" : "off")
            + (zstd ? ",compression_type=zstd" : "");
  }
}
