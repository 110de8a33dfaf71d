package io.github.qcow4j.qcow2.table;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * An L1 table in memory, of the disk or of an internal snapshot.
 *
 * <p>Not safe for a change while others read; the owner orders that.
 */
public final class L1Table {

  /**
   * How much of a table is read at once. So much maps 16 TiB at clusters of 64 KiB: nearly every
   * table comes in one read, so that its length is no matter of speed; and no second copy of the
   * largest, of 32 MiB, is made as bytes.
   */
  public static final int LOAD_CHUNK_BYTES = 256 << 10;

  private static final Gap NO_GAP = new Gap(0, 0, true);

  private final long hostOffset;
  private final long[] entries;
  private volatile Gap lastGap = NO_GAP;

  /**
   * Entries without an L2 table, from one index to another.
   *
   * @param whole whether the next entry has one, or there is none
   */
  private record Gap(int begin, int end, boolean whole) {}

  private L1Table(long hostOffset, long[] entries) {
    this.hostOffset = hostOffset;
    this.entries = entries;
  }

  /**
   * Loads a table.
   *
   * @param file the image
   * @param header its header
   * @param hostOffset where the table stands, already checked for alignment
   * @param entryCount its length in entries, already checked against the limit
   * @param name what to call the table in an error
   * @param repeats what the other L1 tables name again that are walked with this one; this one's
   *     are added
   * @throws CorruptImageException when the table does not lie within the file; a tail missing from
   *     its last cluster reads as zeros
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when it names L2 tables again and
   *     again, alone or together with the others, see {@link
   *     io.github.qcow4j.qcow2.header.FormatLimits#MAX_REPEATED_L2_BYTES}, or more of them than
   *     {@link TableBounds#walkableBytes} allows
   */
  public static L1Table load(
      BlockFile file,
      Qcow2Header header,
      long hostOffset,
      int entryCount,
      String name,
      TableRepeats repeats)
      throws IOException {
    long bytes = (long) entryCount * Long.BYTES;
    TableBounds.requireWithinFile(file, hostOffset, bytes, header.clusterSize(), name);
    long[] entries = new long[entryCount];
    ByteBuffer chunk =
        ByteBuffer.allocateDirect((int) Math.min(bytes, LOAD_CHUNK_BYTES))
            .order(ByteOrder.BIG_ENDIAN);
    for (int loaded = 0; loaded < entryCount; ) {
      chunk.clear();
      chunk.limit((int) Math.min(chunk.capacity(), (long) (entryCount - loaded) * Long.BYTES));
      file.readPadded(chunk, hostOffset + (long) loaded * Long.BYTES);
      chunk.flip();
      int count = chunk.remaining() / Long.BYTES;
      chunk.asLongBuffer().get(entries, loaded, count);
      loaded += count;
    }
    WalkableTables.require(file, header, entries, name, repeats);
    return new L1Table(hostOffset, entries);
  }

  /** A table of the given entries, which are kept, not copied. */
  public static L1Table of(long hostOffset, long[] entries) {
    return new L1Table(hostOffset, entries);
  }

  /** Where the table stands in the file. */
  public long hostOffset() {
    return hostOffset;
  }

  /** The number of entries. */
  public int size() {
    return entries.length;
  }

  /** The entry as stored; past the end of the table nothing is allocated, so 0. */
  public long entry(long index) {
    return index < entries.length ? entries[(int) index] : 0;
  }

  /** Changes an entry in memory only. */
  public void setEntry(int index, long entry) {
    entries[index] = entry;
    lastGap = NO_GAP;
  }

  /**
   * How far entries from an index on name no L2 table. The gap found last is remembered: an empty
   * overlay of 8 TiB over a disk of many extents is asked for each of them.
   *
   * @param index where to begin
   * @param limit how far that matters
   * @return the first entry that names one, or the table's size; or any between the limit and that
   */
  public int endOfGap(int index, int limit) {
    Gap gap = lastGap;
    int begin = index;
    int end = index;
    if (index >= gap.begin && index < gap.end) {
      if (gap.whole || gap.end >= limit) {
        return gap.end;
      }
      begin = gap.begin;
      end = gap.end;
    }
    while (end < entries.length && end < limit && l2Offset(end) == 0) {
      end++;
    }
    lastGap = new Gap(begin, end, end == entries.length || l2Offset(end) != 0);
    return end;
  }

  /** A copy of the entries, cut or filled up with zeros. */
  public long[] copyOfEntries(int count) {
    return java.util.Arrays.copyOf(entries, count);
  }

  /** The host offset of the L2 table that the entry names, 0 for none. */
  public long l2Offset(long index) {
    return entry(index) & L2Entry.OFFSET_MASK;
  }
}
