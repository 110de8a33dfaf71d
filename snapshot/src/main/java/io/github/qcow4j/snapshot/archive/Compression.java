package io.github.qcow4j.snapshot.archive;

/**
 * How an archive is compressed as a whole. BoxLite reads {@link #ZSTD} and {@link #NONE}, which it
 * tells apart by the first four bytes; an {@link #LZ4} frame it takes for a plain archive, whose
 * first header then has no valid checksum, and so refuses.
 */
public enum Compression {
  // The levels are those that the libraries' own programs take unless told. 128 MiB of programs
  // and their data, by zstd's levels 1, 3, 6 and 9: 44.0, 39.8, 37.3 and 36.3 MB in 0.98, 1.15,
  // 1.90 and 2.62 s of processor time; by lz4's 1, 3 and 9: 60.1, 50.6 and 48.7 MB.
  /** One Zstandard frame (RFC 8878). */
  ZSTD("zstd", 3, 22),
  /** One LZ4 frame (LZ4 Frame Format Description 1.6). */
  LZ4("lz4", 1, 12),
  /** A plain tape archive. */
  NONE("none", 0, 0);

  private final String label;
  private final int defaultLevel;
  private final int maxLevel;

  Compression(String label, int defaultLevel, int maxLevel) {
    this.label = label;
    this.defaultLevel = defaultLevel;
    this.maxLevel = maxLevel;
  }

  /** The name for programs and people. */
  public String label() {
    return label;
  }

  /** How hard it tries unless told. */
  public int defaultLevel() {
    return defaultLevel;
  }

  /** The hardest it can try; levels begin at 1, or are only 0 where there are none. */
  public int maxLevel() {
    return maxLevel;
  }

  /** Whether a level is one of these. */
  public boolean hasLevel(int level) {
    return level >= Math.min(1, maxLevel) && level <= maxLevel;
  }
}
