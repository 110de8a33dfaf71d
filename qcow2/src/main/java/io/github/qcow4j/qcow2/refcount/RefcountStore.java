package io.github.qcow4j.qcow2.refcount;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.table.MetadataPages;
import io.github.qcow4j.qcow2.table.MetadataPages.Page;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The refcounts of an image that is being written: reads and changes counters, makes refcount
 * blocks where there are none (qcow2 specification, "Host cluster management").
 *
 * <p>Changes stay in memory until {@link #writeBlocks} and {@link #writeTable} are called, in this
 * order, by the one class that orders writes. Not safe for several threads: guarded by the image's
 * metadata lock.
 */
public final class RefcountStore {

  /** Bits 9 to 63 of a refcount table entry: the host offset of a refcount block. */
  private static final long OFFSET_MASK = -512L;

  private static final long MAX_ENTRIES = FormatLimits.MAX_REFCOUNT_TABLE_BYTES / Long.BYTES;

  private final BlockFile file;
  private final int clusterBits;
  private final CounterCodec codec;
  private final int blockEntries;
  private final MetadataPages blocks;
  private long tableOffset;
  private long[] table;
  private int dirtyFrom = Integer.MAX_VALUE;
  private int dirtyTo;

  /**
   * A store over a loaded refcount table.
   *
   * @param file the image
   * @param clusterBits binary logarithm of its cluster size
   * @param codec how counters are packed
   * @param tableOffset where the table stands
   * @param table its entries; kept, not copied
   * @param blocks the cache of refcount blocks
   */
  public RefcountStore(
      BlockFile file,
      int clusterBits,
      CounterCodec codec,
      long tableOffset,
      long[] table,
      MetadataPages blocks) {
    this.file = file;
    this.clusterBits = clusterBits;
    this.codec = codec;
    this.blockEntries = codec.countersIn(1 << clusterBits);
    this.blocks = blocks;
    this.tableOffset = tableOffset;
    this.table = table;
  }

  /** The number of counters of one refcount block. */
  public int blockEntries() {
    return blockEntries;
  }

  /** The largest value of a counter, as an unsigned number. */
  public long maxCount() {
    return codec.maxValue();
  }

  /** A copy of the table's entries. */
  public long[] tableCopy() {
    return table.clone();
  }

  /** The cache of refcount blocks. */
  public MetadataPages blocks() {
    return blocks;
  }

  /** Where the refcount table stands. */
  public long tableOffset() {
    return tableOffset;
  }

  /** The length of the refcount table in entries. */
  public int tableEntries() {
    return table.length;
  }

  /** The host offset of a refcount block, 0 for none. */
  public long blockOffset(long tableIndex) {
    return tableIndex < table.length ? table[(int) tableIndex] & OFFSET_MASK : 0;
  }

  /** The refcount of a host cluster. */
  public long get(long clusterIndex) throws IOException {
    long blockOffset = blockOffset(clusterIndex / blockEntries);
    if (blockOffset == 0) {
      return 0;
    }
    return codec.get(blocks.get(blockOffset).bytes(), (int) (clusterIndex % blockEntries));
  }

  /**
   * The refcount of a host cluster as the file has it: one short read, and no block is held for it.
   * For questions about many blocks, of each of which one counter matters.
   */
  public long getStored(long clusterIndex) throws IOException {
    long blockOffset = blockOffset(clusterIndex / blockEntries);
    if (blockOffset == 0) {
      return 0;
    }
    int together = Math.max(1, Byte.SIZE >> codec.order());
    byte[] bytes = new byte[Math.max(1, codec.bits() / Byte.SIZE)];
    int index = (int) (clusterIndex % blockEntries);
    file.readPadded(ByteBuffer.wrap(bytes), blockOffset + (long) (index / together) * bytes.length);
    return codec.get(bytes, index % together);
  }

  /**
   * The first cluster at or after {@code from}, within the same refcount block, whose refcount is
   * 0, or -1 when the block has none.
   */
  public long firstFreeInBlock(long from) throws IOException {
    long blockOffset = blockOffset(from / blockEntries);
    if (blockOffset == 0) {
      return from;
    }
    byte[] bytes = blocks.get(blockOffset).bytes();
    long blockStart = from - from % blockEntries;
    int free = codec.firstZero(bytes, (int) (from - blockStart), blockEntries);
    return free == blockEntries ? -1 : blockStart + free;
  }

  /**
   * The first cluster from {@code from} on whose refcount is not 0, or {@code end} when there is
   * none before that. Where no refcount block is, nothing is looked at.
   */
  public long firstCounted(long from, long end) throws IOException {
    long cluster = from;
    long last = Math.min(end, (long) table.length * blockEntries);
    while (cluster < last) {
      long blockStart = cluster - cluster % blockEntries;
      long blockEnd = Math.min(last, blockStart + blockEntries);
      long blockOffset = blockOffset(cluster / blockEntries);
      if (blockOffset != 0) {
        byte[] bytes = blocks.get(blockOffset).bytes();
        int here = (int) (blockEnd - blockStart);
        int counted = codec.firstCounted(bytes, (int) (cluster - blockStart), here);
        if (counted < here) {
          return blockStart + counted;
        }
      }
      cluster = blockEnd;
    }
    return end;
  }

  /**
   * The cluster behind the last one before {@code end} whose refcount is not 0. Where no refcount
   * block is, nothing is looked at.
   */
  public long endOfCounted(long end) throws IOException {
    long last = Math.min(end, (long) table.length * blockEntries);
    while (last > 0) {
      long index = (last - 1) / blockEntries;
      long blockStart = index * blockEntries;
      if (blockOffset(index) != 0) {
        byte[] bytes = blocks.get(blockOffset(index)).bytes();
        int counted = codec.endOfCounted(bytes, (int) (last - blockStart));
        if (counted > 0) {
          return blockStart + counted;
        }
      }
      last = blockStart;
    }
    return 0;
  }

  /**
   * The first of so many clusters in a row whose refcounts are all 0, at or after {@code from}; a
   * cluster whose run would pass {@code end} when there are none before that. What lies behind the
   * end of a file may be counted as anything else: a compressed cluster, or a short table, of a
   * file that has lost its tail.
   */
  public long firstFreeRun(long from, long count, long end) throws IOException {
    long first = from;
    while (first <= end - count) {
      first = firstFreeInBlocks(first, count, end);
      long counted = firstCounted(first, Math.min(end, first + count));
      if (counted - first == count) {
        return first;
      }
      first = counted + 1;
    }
    return first;
  }

  /** The same, where a run that begins in one block may go on in the next one. */
  private long firstFreeInBlocks(long from, long count, long end) throws IOException {
    long first = from;
    while (first < end) {
      long blockOffset = blockOffset(first / blockEntries);
      if (blockOffset == 0) {
        return first;
      }
      int index = (int) (first % blockEntries);
      byte[] bytes = blocks.get(blockOffset).bytes();
      int free = codec.firstZeros(bytes, index, blockEntries, count);
      first += free - index;
      if (free < blockEntries) {
        return first;
      }
    }
    return end;
  }

  /**
   * Adds to, or takes from, the counters of a run of clusters whose blocks exist or are made.
   *
   * @param firstCluster the first host cluster
   * @param count how many clusters
   * @param delta what to add; negative to take
   * @throws CorruptImageException when a counter would fall below zero
   * @throws LimitExceededException when a counter would pass its width
   */
  public void add(long firstCluster, long count, long delta) throws IOException {
    for (long cluster = firstCluster; cluster < firstCluster + count; cluster++) {
      Page page = blocks.get(existingBlock(cluster / blockEntries));
      int index = (int) (cluster % blockEntries);
      long before = codec.get(page.bytes(), index);
      if (delta < 0 && Long.compareUnsigned(before, -delta) < 0) {
        throw new CorruptImageException(
            file.path(),
            "Refcount of the cluster at offset 0x"
                + Long.toHexString(cluster << clusterBits)
                + " would fall below zero",
            "refcount block",
            page.hostOffset());
      }
      if (delta > 0 && Long.compareUnsigned(before, codec.maxValue() - delta) > 0) {
        throw new LimitExceededException(
            file.path(),
            "Refcount of the cluster at offset 0x"
                + Long.toHexString(cluster << clusterBits)
                + " would pass its width",
            "refcount bits",
            codec.bits());
      }
      codec.set(page.bytes(), index, before + delta);
      blocks.markDirty(page);
    }
  }

  /**
   * Makes sure that the cluster's refcount block exists. A new block takes the first cluster that
   * it counts, which is no longer free then, so that it needs no other.
   */
  public void ensureBlock(long clusterIndex) throws IOException {
    long tableIndex = clusterIndex / blockEntries;
    if (blockOffset(tableIndex) != 0) {
      return;
    }
    long home = tableIndex * blockEntries;
    if (home == 0) {
      throw new CorruptImageException(
          file.path(),
          "The refcount block of the header is missing",
          "refcount table",
          tableOffset);
    }
    placeBlock(tableIndex, home);
    add(home, 1, 1);
  }

  /**
   * Makes a refcount block at a place of the caller's choice; the caller counts the block itself.
   *
   * @param tableIndex which block, one that does not exist
   * @param homeCluster the host cluster it is to stand in, free
   */
  void placeBlock(long tableIndex, long homeCluster) throws IOException {
    requirePossible(tableIndex + 1);
    Page page = blocks.createStored(homeCluster << clusterBits);
    if (tableIndex >= table.length) {
      enlargeInMemory(tableIndex + 1);
    }
    table[(int) tableIndex] = page.hostOffset();
    dirtyFrom = Math.min(dirtyFrom, (int) tableIndex);
    dirtyTo = Math.max(dirtyTo, (int) tableIndex + 1);
  }

  /**
   * Takes those refcount blocks out of the table that count no cluster, or none but their own.
   * Their clusters stay counted: they are the caller's to give back, when the table is durable.
   *
   * @return the clusters in which they stand
   */
  public List<Long> dropEmptyBlocks() throws IOException {
    List<Long> homes = new ArrayList<>();
    for (int i = 1; i < table.length; i++) {
      long home = blockOffset(i) >>> clusterBits;
      if (home != 0 && get(home) == 1 && isEmpty(i)) {
        table[i] = 0;
        dirtyFrom = Math.min(dirtyFrom, i);
        dirtyTo = Math.max(dirtyTo, i + 1);
        blocks.forget(home << clusterBits);
        homes.add(home);
      }
    }
    return homes;
  }

  private boolean isEmpty(int tableIndex) throws IOException {
    byte[] bytes = blocks.get(blockOffset(tableIndex)).bytes();
    long own = (blockOffset(tableIndex) >>> clusterBits) - (long) tableIndex * blockEntries;
    int first = codec.firstCounted(bytes, 0, blockEntries);
    int next = first == own ? codec.firstCounted(bytes, first + 1, blockEntries) : first;
    return next == blockEntries;
  }

  /** The first table index from which on no refcount block exists. */
  long firstUnusedTableIndex() {
    int index = table.length;
    while (index > 0 && blockOffset(index - 1) == 0) {
      index--;
    }
    return index;
  }

  /**
   * Whether the table in memory has outgrown the one in the file, and must be {@link #moveTable}d.
   */
  public boolean tableMustMove(int entriesInFile) {
    return table.length > entriesInFile;
  }

  /**
   * By half at least, as QEMU does: all moves of a growing table together write no more than three
   * times its last size, and no more than a third of it is empty.
   */
  private void enlargeInMemory(long neededEntries) {
    int perCluster = (1 << clusterBits) / Long.BYTES;
    long wanted = Math.max(neededEntries, table.length + table.length / 2L);
    long rounded = (wanted + perCluster - 1) / perCluster * perCluster;
    table = Arrays.copyOf(table, (int) Math.min(rounded, MAX_ENTRIES));
  }

  private void requirePossible(long neededEntries) throws LimitExceededException {
    if (neededEntries > MAX_ENTRIES) {
      throw new LimitExceededException(
          file.path(),
          "Reference count table too large",
          "Reference count table bytes",
          FormatLimits.MAX_REFCOUNT_TABLE_BYTES);
    }
  }

  /** How many bytes of changed blocks wait to be written. */
  public long dirtyBytes() {
    return blocks.dirtyBytes();
  }

  /** Writes the changed refcount blocks; not durable on return. */
  public void writeBlocks() throws IOException {
    blocks.writeDirty();
  }

  /** Whether table entries wait to be written. */
  public boolean tableIsDirty() {
    return dirtyFrom < dirtyTo;
  }

  /** Writes the changed entries of the table in its place; not durable on return. */
  public void writeTable() throws IOException {
    if (!tableIsDirty()) {
      return;
    }
    file.write(encode(dirtyFrom, dirtyTo), tableOffset + (long) dirtyFrom * Long.BYTES);
    tableIsClean();
  }

  /** Writes the whole table to a new place; not durable on return, and the header not changed. */
  public void moveTable(long newTableOffset) throws IOException {
    file.write(encode(0, table.length), newTableOffset);
    tableOffset = newTableOffset;
    tableIsClean();
  }

  private void tableIsClean() {
    dirtyFrom = Integer.MAX_VALUE;
    dirtyTo = 0;
  }

  private ByteBuffer encode(int from, int to) {
    ByteBuffer bytes = ByteBuffer.allocate((to - from) * Long.BYTES);
    bytes.asLongBuffer().put(table, from, to - from);
    return bytes;
  }

  private long existingBlock(long tableIndex) throws IOException {
    ensureBlock(tableIndex * blockEntries);
    return blockOffset(tableIndex);
  }
}
