package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.header.CompressionType;

/** The value of {@code --compression-level}. */
final class CompressionLevel {

  static final Option OPTION =
      Option.extension(
          "compression-level", "N", "how hard to compress: 1 to 9 with zlib, 1 to 22 with zstd");

  /** What is usual. */
  static final int NOT_GIVEN = 0;

  private static final int MAX_ZLIB_LEVEL = 9;
  private static final int MAX_ZSTD_LEVEL = 22;

  private CompressionLevel() {}

  static int parse(String text) throws UsageException {
    try {
      int level = Integer.parseInt(text);
      if (level >= 1 && level <= MAX_ZSTD_LEVEL) {
        return level;
      }
    } catch (NumberFormatException e) {
      // Said below, for all that is no level.
    }
    throw UsageException.wrongValue(
        "--compression-level must be a number between 1 and " + MAX_ZSTD_LEVEL);
  }

  /** Refuses a level that a compression type does not have. */
  static void require(int level, CompressionType type) throws UsageException {
    int most = type == CompressionType.ZLIB ? MAX_ZLIB_LEVEL : MAX_ZSTD_LEVEL;
    if (level > most) {
      throw UsageException.wrongValue(
          "Compression level must be between 1 and " + most + " with this compression type");
    }
  }
}
