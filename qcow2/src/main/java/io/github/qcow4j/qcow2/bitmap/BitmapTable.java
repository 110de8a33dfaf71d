package io.github.qcow4j.qcow2.bitmap;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A bitmap table in memory: where the clusters of a bitmap's bits stand (qcow2 specification,
 * "Bitmap table").
 */
public final class BitmapTable {

  /** Bits 9 to 55 of an entry: the host offset of a cluster of bits. */
  private static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;

  /** Bits 1 to 8 and 56 to 63 of an entry must be zero. */
  private static final long RESERVED = 0xFF00_0000_0000_01FEL;

  /** Bit 0 of an entry without an offset: its bits are all ones. */
  private static final long ALL_ONES = 1;

  private final long[] entries;

  private BitmapTable(long[] entries) {
    this.entries = entries;
  }

  /**
   * Loads and checks the table of a bitmap. What of it lies past the end of the file reads as zeros
   * and takes no memory.
   *
   * @param file the image
   * @param header its header
   * @param bitmap the bitmap, as the directory has it
   * @throws CorruptImageException when an entry contradicts the format
   */
  public static BitmapTable load(BlockFile file, Qcow2Header header, Bitmap bitmap)
      throws IOException {
    long tableBytes = Integer.toUnsignedLong(bitmap.tableEntries()) * Long.BYTES;
    long insideBytes = Math.clamp(file.size() - bitmap.tableOffset(), 0L, tableBytes);
    long[] entries = new long[(int) ((insideBytes + 7) / Long.BYTES)];
    ByteBuffer bytes = ByteBuffer.allocate(entries.length * Long.BYTES);
    file.readPadded(bytes, bitmap.tableOffset());
    bytes.flip().asLongBuffer().get(entries);
    for (int i = 0; i < entries.length; i++) {
      if (!isSound(entries[i], header.clusterSize())) {
        throw new CorruptImageException(
            file.path(),
            "Could not read bitmap_table table from image for bitmap '"
                + bitmap.name()
                + "': Invalid argument",
            "bitmap table",
            bitmap.tableOffset() + (long) i * Long.BYTES);
      }
    }
    return new BitmapTable(entries);
  }

  private static boolean isSound(long entry, int clusterSize) {
    long hostOffset = entry & OFFSET_MASK;
    return (entry & RESERVED) == 0
        && (hostOffset & (clusterSize - 1)) == 0
        && (hostOffset == 0 || (entry & ALL_ONES) == 0);
  }

  /** The number of entries that lie within the file; further ones are all zeros. */
  public int size() {
    return entries.length;
  }

  /** The number of entries whose bits are not all zeros without being stored. */
  public int usedEntries() {
    int used = 0;
    for (long entry : entries) {
      used += entry != 0 ? 1 : 0;
    }
    return used;
  }

  /** Whether the bits of an entry are all ones, without a cluster that holds them. */
  public boolean isAllOnes(int index) {
    return entries[index] == ALL_ONES;
  }

  /** The host offset of a cluster of bits; 0 when its bits are all zeros or all ones. */
  public long hostOffset(int index) {
    return entries[index] & OFFSET_MASK;
  }
}
