package io.github.qcow4j.qcow2.bitmap;

import io.github.qcow4j.qcow2.header.FormatLimits;
import java.nio.charset.StandardCharsets;

/**
 * One entry of the bitmap directory (qcow2 specification, "Bitmap directory").
 *
 * @param name its name, unique among the image's bitmaps
 * @param tableOffset host offset of its bitmap table
 * @param tableEntries length of the table in entries
 * @param flags the flags as stored
 * @param granularityBits binary logarithm of the guest bytes that one bit covers
 */
public record Bitmap(
    String name, long tableOffset, int tableEntries, int flags, int granularityBits) {

  /** Where the flags stand in a directory entry. */
  public static final int FLAGS_OFFSET = 12;

  /** Flag: the bitmap was not saved properly and must not be trusted. */
  public static final int FLAG_IN_USE = 1;

  /** Flag: the bitmap follows every write. */
  public static final int FLAG_AUTO = 2;

  /** Whether the bitmap was not saved properly and must not be trusted. */
  public boolean inUse() {
    return (flags & FLAG_IN_USE) != 0;
  }

  /** Whether the bitmap follows every write. */
  public boolean auto() {
    return (flags & FLAG_AUTO) != 0;
  }

  /** The guest bytes that one bit covers. */
  public long granularityBytes() {
    return 1L << granularityBits;
  }

  /** Whether a bitmap of a disk has a table that the format allows, not empty and not too long. */
  public static boolean isPossible(long sizeBytes, int granularityBits, int clusterSize) {
    long entries = DirtyBits.chunksFor(sizeBytes, granularityBits, clusterSize);
    return entries > 0
        && entries <= FormatLimits.MAX_BITMAP_TABLE_ENTRIES
        && entries * clusterSize <= FormatLimits.MAX_BITMAP_DATA_BYTES;
  }

  /** The same with other flags. */
  public Bitmap withFlags(int otherFlags) {
    return new Bitmap(name, tableOffset, tableEntries, otherFlags, granularityBits);
  }

  /** The same with its table elsewhere. */
  public Bitmap withTable(long hostOffset, int entries) {
    return new Bitmap(name, hostOffset, entries, flags, granularityBits);
  }

  /** The length of the bitmap's directory entry in bytes, padding included. */
  public int storedBytes() {
    int nameBytes = name.getBytes(StandardCharsets.UTF_8).length;
    return (24 + nameBytes + 7) & ~7;
  }
}
