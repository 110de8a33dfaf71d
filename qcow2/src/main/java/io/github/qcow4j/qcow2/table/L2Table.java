package io.github.qcow4j.qcow2.table;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One L2 table in memory, as it stands in the file: a view of its bytes.
 *
 * <p>Not safe for a change while others read; the owner of the image orders that.
 */
public final class L2Table {

  private static final VarHandle BIG_ENDIAN_LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /**
   * Runs that end before so many entries are not worth an array. A map of twenty thousand clusters
   * here and there takes 0.30 s of processor time with 2, 0.29 s with 8 and 0.28 s with 32: no
   * difference.
   */
  private static final int ONE_BY_ONE = 8;

  /** A map of 1 TiB takes the same with 128, 512, 2048 and 8192: 0.30, 0.30, 0.31 and 0.32 s. */
  private static final int PIECE_ENTRIES = 512;

  private final byte[] bytes;
  private final int entryShift;

  /**
   * A view of a table.
   *
   * @param bytes the table's cluster; kept, not copied
   * @param extended whether entries have 16 bytes
   */
  public L2Table(byte[] bytes, boolean extended) {
    this.bytes = bytes;
    this.entryShift = extended ? 4 : 3;
  }

  /** The number of entries. */
  public int size() {
    return bytes.length >> entryShift;
  }

  /**
   * Some entries at once, of extended ones their first words. The first of the JVM's two compilers
   * makes five times as much of asking for each.
   *
   * @param first the index of the first of them
   * @param target where to, from its beginning
   * @param count how many
   */
  public void copyEntries(int first, long[] target, int count) {
    if (entryShift == 3) {
      ByteBuffer.wrap(bytes, first << 3, count << 3).asLongBuffer().get(target, 0, count);
      return;
    }
    for (int i = 0; i < count; i++) {
      target[i] = entry(first + i);
    }
  }

  /**
   * How many entries from one on are each by the same number larger than the one before.
   *
   * @param first the index of the first of them
   * @param most how many to look at
   * @param step by how much
   */
  public int evenRun(int first, int most, long step) {
    int length = Math.min(most, 1);
    while (length < most && entry(first + length) == entry(first) + length * step) {
      length++;
      if (length == ONE_BY_ONE) {
        return evenRunInPieces(first, most, step);
      }
    }
    return length;
  }

  private int evenRunInPieces(int first, int most, long step) {
    long[] piece = new long[Math.min(PIECE_ENTRIES, most)];
    long expected = entry(first);
    for (int done = 0; done < most; ) {
      int count = Math.min(piece.length, most - done);
      copyEntries(first + done, piece, count);
      int even = EvenRun.length(piece, 0, count, expected, step);
      done += even;
      if (even < count) {
        return done;
      }
      expected += count * step;
    }
    return most;
  }

  /** Changes all entries at once, of extended ones their first words. */
  public void setEntries(long[] entries) {
    if (entryShift == 3) {
      ByteBuffer.wrap(bytes).asLongBuffer().put(entries);
      return;
    }
    for (int i = 0; i < entries.length; i++) {
      setEntry(i, entries[i]);
    }
  }

  /** The entry, of an extended one its first word. */
  public long entry(int index) {
    return (long) BIG_ENDIAN_LONG.get(bytes, index << entryShift);
  }

  /** The second word of an extended entry: allocation and zero bits of its subclusters. */
  public long subclusterBitmap(int index) {
    return (long) BIG_ENDIAN_LONG.get(bytes, (index << entryShift) + Long.BYTES);
  }

  /** Changes an entry, of an extended one its first word. */
  public void setEntry(int index, long entry) {
    BIG_ENDIAN_LONG.set(bytes, index << entryShift, entry);
  }

  /** Changes the second word of an extended entry. */
  public void setSubclusterBitmap(int index, long bitmap) {
    BIG_ENDIAN_LONG.set(bytes, (index << entryShift) + Long.BYTES, bitmap);
  }

  int memoryBytes() {
    return bytes.length;
  }
}
