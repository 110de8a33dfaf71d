package io.github.qcow4j.qcow2.refcount;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A refcount table in memory: where each refcount block stands (qcow2 specification, "Reference
 * count structures").
 *
 * <p>Not safe for a change while others read; the owner orders that.
 */
public final class RefcountTable {

  /** Bits 9 to 63 of an entry: the host offset of a refcount block. */
  public static final long OFFSET_MASK = -512L;

  private final long[] entries;
  private final int sizeEntries;
  private final int clusterBits;
  private final int blockIndexBits;

  private RefcountTable(long[] entries, int sizeEntries, Qcow2Header header) {
    this.entries = entries;
    this.sizeEntries = sizeEntries;
    this.clusterBits = header.clusterBits();
    this.blockIndexBits = header.clusterBits() + 3 - header.refcountOrder();
  }

  /**
   * Loads the table that a header names. What of it lies past the end of the file reads as zeros
   * and takes no memory; a caller that cannot accept that asks {@link
   * io.github.qcow4j.qcow2.table.TableBounds} first.
   *
   * @param file the image
   * @param header its header, whose limits have been checked
   */
  public static RefcountTable load(BlockFile file, Qcow2Header header) throws IOException {
    long tableBytes = (long) header.refcountTableClusters() * header.clusterSize();
    long insideBytes = Math.clamp(file.size() - header.refcountTableOffset(), 0L, tableBytes);
    long[] entries = new long[(int) ((insideBytes + 7) / Long.BYTES)];
    ByteBuffer bytes = ByteBuffer.allocate(entries.length * Long.BYTES);
    file.readPadded(bytes, header.refcountTableOffset());
    bytes.flip().asLongBuffer().get(entries);
    return new RefcountTable(entries, (int) (tableBytes / Long.BYTES), header);
  }

  /** The number of entries that the header gives the table. */
  public int size() {
    return sizeEntries;
  }

  /** The entry as stored; past the end of the table, or of the file, 0. */
  public long entry(long index) {
    return index < entries.length ? entries[(int) index] : 0;
  }

  /** The host offset of a refcount block, 0 for one that was never allocated. */
  public long blockOffset(long index) {
    return entry(index) & OFFSET_MASK;
  }

  /** Whether a block stands on a cluster border, as it must; one never allocated does. */
  public boolean isBlockAligned(long index) {
    return (blockOffset(index) & (blockBytes() - 1)) == 0;
  }

  /** Whether a block stands where a file can have bytes at all. */
  public boolean isBlockReachable(long index) {
    long hostOffset = blockOffset(index);
    return hostOffset >= 0 && hostOffset <= FormatLimits.MAX_FILE_BYTES - blockBytes();
  }

  /** Which block holds the counter of a host cluster. */
  public long blockIndex(long clusterIndex) {
    return clusterIndex >>> blockIndexBits;
  }

  /** Which of the block's counters is that of a host cluster. */
  public int indexInBlock(long clusterIndex) {
    return (int) (clusterIndex & ((1L << blockIndexBits) - 1));
  }

  /** How many counters one block holds. */
  public int countersPerBlock() {
    return 1 << blockIndexBits;
  }

  /** The length of a block in bytes: one cluster. */
  public int blockBytes() {
    return 1 << clusterBits;
  }
}
