package io.github.qcow4j.qcow2.table;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * One L2 table in memory, as it stands in the file: a view of its bytes.
 *
 * <p>Not safe for a change while others read; the owner of the image orders that.
 */
public final class L2Table {

  private static final VarHandle BIG_ENDIAN_LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

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
