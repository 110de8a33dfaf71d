package io.github.qcow4j.qcow2.testing;

/** The one thing an image is sure to have; everything else about it is drawn from the seed. */
enum Theme {
  PLAIN,
  OLD_VERSION,
  COMPRESSED,
  ZSTD,
  EXTENDED_L2,
  DATA_FILE,
  PREALLOCATED,
  LAZY_REFCOUNTS,
  SNAPSHOTS,
  BITMAPS,
  CHAIN,
  DEEP_CHAIN;

  /** Every theme meets every cluster size within 13 × 12 consecutive numbers. */
  static Theme of(int number) {
    return values()[Math.floorMod(number / 13 + 5 * (number % 13), values().length)];
  }

  /** All thirteen cluster sizes in turn. */
  static int clusterBits(int number) {
    return 9 + number % 13;
  }
}
