package io.github.qcow4j.qcow2.testing;

import java.util.SplittableRandom;

/** Draws virtual sizes in bytes, always multiples of 512. */
final class SizeChooser {

  private static final long SECTOR_BYTES = 512;
  private static final long MAX_BYTES = 24L << 20;

  private SizeChooser() {}

  /**
   * The size of an image without a parent. With {@code mayBeHuge}, sometimes several L2 tables of
   * any size.
   */
  static long standalone(LayerSpec spec, SplittableRandom random, boolean mayBeHuge) {
    long coverage = spec.l2CoverageBytes();
    int draw = random.nextInt(20);
    if (draw == 0) {
      return SECTOR_BYTES * random.nextLong(3);
    }
    boolean allowed =
        4 * coverage <= MAX_BYTES
            || (mayBeHuge && spec.preallocation() == LayerSpec.Preallocation.OFF);
    if (allowed && draw < 12) {
      return sectors(coverage + random.nextLong(2 * coverage), random);
    }
    long cs = spec.clusterSizeBytes();
    return sectors(Math.min(MAX_BYTES, cs * random.nextLong(1, 40)), random);
  }

  /** The size of an overlay: its parent's, or shorter, or longer. */
  static long near(long parentBytes, LayerSpec spec, SplittableRandom random) {
    long shorter = Math.max(SECTOR_BYTES, random.nextLong(parentBytes / 2, parentBytes + 1));
    return switch (random.nextInt(4)) {
      case 0 -> sectors(shorter, random);
      case 1 ->
          sectors(
              parentBytes + random.nextLong(1, 4 * Math.min(spec.clusterSizeBytes(), 1 << 18)),
              random);
      default -> parentBytes;
    };
  }

  /** Mostly a multiple of 512 near {@code bytes}, sometimes of 64 KiB. */
  private static long sectors(long bytes, SplittableRandom random) {
    long unit = random.nextInt(3) == 0 ? 64 << 10 : SECTOR_BYTES;
    return Math.max(SECTOR_BYTES, bytes / unit * unit);
  }
}
