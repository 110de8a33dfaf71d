package io.github.qcow4j.qcow2.testing;

import java.util.SplittableRandom;

/**
 * Draws guest ranges where mistakes live: at borders of clusters, subclusters, L2 tables and the
 * disk.
 */
final class GuestRange {

  private static final int SECTOR_BYTES = 512;

  private final LayerSpec spec;
  private final long virtualSizeBytes;
  private final SplittableRandom random;

  GuestRange(LayerSpec spec, long virtualSizeBytes, SplittableRandom random) {
    this.spec = spec;
    this.virtualSizeBytes = virtualSizeBytes;
    this.random = random;
  }

  /** A non-empty range of at most {@code maxBytes} bytes inside the disk. */
  Span draw(long maxBytes) {
    long start = start();
    long length = Math.min(length(maxBytes > virtualSizeBytes / 4), maxBytes);
    return new Span(start, Math.min(virtualSizeBytes, start + length));
  }

  private long start() {
    long cs = spec.clusterSizeBytes();
    long anywhere = random.nextLong(virtualSizeBytes);
    long candidate =
        switch (random.nextInt(8)) {
          case 0 -> virtualSizeBytes - 1 - random.nextLong(Math.min(virtualSizeBytes, 2 * cs));
          case 1 -> beforeBorder(spec.l2CoverageBytes());
          case 2 -> beforeBorder(cs);
          case 3 -> anywhere / spec.unitBytes() * spec.unitBytes();
          case 4 -> anywhere;
          case 5 -> 0;
          default -> anywhere / cs * cs;
        };
    long sectorAligned = candidate / SECTOR_BYTES * SECTOR_BYTES;
    return random.nextInt(6) == 0 ? candidate : sectorAligned;
  }

  /**
   * A little before a random multiple of {@code borderBytes}, so that a longer write crosses it.
   */
  private long beforeBorder(long borderBytes) {
    long borders = virtualSizeBytes / borderBytes;
    if (borders == 0) {
      return random.nextLong(virtualSizeBytes);
    }
    long border = (1 + random.nextLong(borders)) * borderBytes;
    return Math.max(0, border - 1 - random.nextLong(Math.min(spec.clusterSizeBytes(), 40_000)));
  }

  private long length(boolean anyLength) {
    long cs = spec.clusterSizeBytes();
    return switch (random.nextInt(7)) {
      case 0 -> SECTOR_BYTES;
      case 1 -> spec.unitBytes() * random.nextInt(1, 5);
      case 2 -> cs;
      case 3 -> cs * random.nextInt(1, 5);
      case 4 -> 1 + random.nextLong(2 * cs);
      case 5 ->
          anyLength ? 1 + random.nextLong(virtualSizeBytes) : SECTOR_BYTES * random.nextLong(1, 40);
      default -> SECTOR_BYTES * (1 + random.nextLong(cs / SECTOR_BYTES * 2));
    };
  }

  /** Guest bytes from {@code offset} up to, not including, {@code end}. */
  record Span(long offset, long end) {

    Span {
      if (offset < 0 || end <= offset) {
        throw new IllegalArgumentException("empty span " + offset + ".." + end);
      }
    }

    /** Offset and length, as qemu-io's commands take them. */
    @Override
    public String toString() {
      return offset + " " + (end - offset);
    }
  }
}
