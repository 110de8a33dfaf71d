package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.OverlapGuard;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * A second refcount structure beside the one in use. A change that must happen as a whole counts
 * here: every block that changes is written to a new place, and so is the table, and nothing of the
 * structure in use is touched. One write of the header then makes this one the valid one; without
 * it, nothing has happened.
 *
 * <p>New clusters are taken behind the end of the file, or in gaps of the structure in use, so that
 * they are free in both structures. For one thread, on an image whose own changes are all written.
 */
final class ShadowRefcounts {

  private static final long OFFSET_MASK = -512L;

  private final BlockFile file;
  private final Qcow2Header header;
  private final CounterCodec codec;
  private final int blockBits;
  private final ShadowClusters blocks;
  private final Place oldTable;
  private final Gaps gaps;
  private final BitSet moved = new BitSet();
  private long[] table;
  private long nextCluster;
  private boolean fillingGaps;
  private boolean passedTheEnd;
  private @Nullable Place newTable;

  /**
   * @param file the image
   * @param header its header
   * @param tablePlace where the refcount table in use stands
   * @param store the refcounts in use, without changes of their own
   * @param guard asked about every gap before it is taken
   * @param endCluster the first host cluster behind the end of the file
   * @param budgetBytes how much of the new structure waits in memory
   */
  ShadowRefcounts(
      BlockFile file,
      Qcow2Header header,
      Place tablePlace,
      RefcountStore store,
      OverlapGuard guard,
      long endCluster,
      long budgetBytes) {
    this.file = file;
    this.header = header;
    this.codec = CounterCodec.ofOrder(header.refcountOrder());
    this.blockBits = Integer.numberOfTrailingZeros(codec.countersIn(header.clusterSize()));
    this.oldTable = tablePlace;
    this.gaps = new Gaps(store, guard, endCluster);
    this.blocks = new ShadowClusters(file, "Refblock", header.clusterSize(), budgetBytes);
    this.table = store.tableCopy();
    this.nextCluster = endCluster;
  }

  /** The refcount of a host cluster as it will be. */
  long get(long cluster) throws IOException {
    int index = tableIndex(cluster);
    if (index >= table.length || (table[index] & OFFSET_MASK) == 0) {
      return 0;
    }
    return codec.get(blocks.get(table[index] & OFFSET_MASK), indexInBlock(cluster));
  }

  /** Whether the refcount of a host cluster, or of one beside it, is no longer what it was. */
  boolean mayDiffer(long cluster) {
    return moved.get(tableIndex(cluster));
  }

  /**
   * How many clusters from one on will be counted as that one is, as far as the same refcount block
   * tells.
   *
   * @param most how many to look at, {@code >= 1}
   */
  int sameFrom(long cluster, int most) throws IOException {
    int index = tableIndex(cluster);
    int first = indexInBlock(cluster);
    int here = Math.min(most, (1 << blockBits) - first);
    return index >= table.length || (table[index] & OFFSET_MASK) == 0
        ? here
        : codec.runLength(blocks.get(table[index] & OFFSET_MASK), first, here);
  }

  /**
   * Adds to, or takes from, the counters of a run of clusters.
   *
   * @throws LimitExceededException when a counter would pass its width
   * @throws CorruptImageException when a counter would fall below zero
   */
  void add(long firstCluster, long count, int delta) throws IOException {
    long end = firstCluster + count;
    if (delta > 0) {
      for (long at = firstCluster; at < end; at = ((at >>> blockBits) + 1) << blockBits) {
        requireBlock(at);
      }
    }
    change(firstCluster, count, delta);
  }

  /** What something refers to is counted somewhere; else its place makes no sense. */
  private void requireBlock(long cluster) throws IOException {
    int index = tableIndex(cluster);
    requirePossible(index + 1);
    if (index >= table.length || (table[index] & OFFSET_MASK) == 0) {
      throw new CorruptImageException(
          file.path(),
          "There is no refcount block for the cluster at offset 0x"
              + Long.toHexString(cluster << header.clusterBits()),
          "refcount table",
          oldTable.hostOffset() + (long) index * Long.BYTES);
    }
  }

  private void change(long firstCluster, long count, int delta) throws IOException {
    long end = firstCluster + count;
    for (long cluster = firstCluster; cluster < end; ) {
      byte[] block = changeable(tableIndex(cluster));
      int from = indexInBlock(cluster);
      int here = (int) Math.min(end - cluster, codec.countersIn(block.length) - from);
      int changed = codec.add(block, from, here, delta);
      if (changed < here) {
        throw impossible(cluster + changed, delta);
      }
      cluster += here;
    }
  }

  private IOException impossible(long cluster, int delta) {
    String counter =
        "Refcount of the cluster at offset 0x" + Long.toHexString(cluster << header.clusterBits());
    return delta > 0
        ? new LimitExceededException(
            file.path(), counter + " would pass its width", "refcount bits", codec.bits())
        : new CorruptImageException(
            file.path(),
            counter + " would fall below zero",
            "refcount block",
            table[tableIndex(cluster)] & OFFSET_MASK);
  }

  /** Takes contiguous new clusters; their refcounts become 1. */
  long allocate(long count) throws IOException {
    long first = reserve(count);
    change(first, count, 1);
    return first;
  }

  /** Leaves clusters behind everything in use free; answers the first one behind them. */
  long skip(long count) throws IOException {
    return reserveBehind(count) + count;
  }

  /** From now on takes the first clusters that the structure in use does not. */
  void fillGaps() {
    fillingGaps = true;
  }

  /** Whether there was a gap for everything taken so far. */
  boolean isFillingGaps() {
    return fillingGaps && !passedTheEnd;
  }

  /** Takes the place of the new refcount table before all others, if it keeps its length. */
  void placeTable() throws IOException {
    long clusters = tableClusters();
    newTable = new Place(allocate(clusters) << header.clusterBits(), (int) clusters);
  }

  /** Moves every block that stands at a cluster or behind it, also one that does not change. */
  void moveBlocksFrom(long firstCluster) throws IOException {
    for (int index = 0; index < table.length; index++) {
      if ((table[index] & OFFSET_MASK) >>> header.clusterBits() >= firstCluster) {
        byte[] _ = changeable(index);
      }
    }
  }

  /** The first cluster behind all that will be counted before another, which is behind it. */
  long countedEnd(long endCluster) throws IOException {
    long cluster = endCluster - 1;
    while (cluster >= 0) {
      int index = tableIndex(cluster);
      long hostOffset = index < table.length ? table[index] & OFFSET_MASK : 0;
      if (hostOffset != 0) {
        byte[] block = blocks.get(hostOffset);
        int counted = codec.endOfCounted(block, indexInBlock(cluster) + 1);
        if (counted > 0) {
          return ((long) index << blockBits) + counted;
        }
      }
      cluster = ((long) index << blockBits) - 1;
    }
    return 0;
  }

  /** The end of everything in use and of all that was taken here, as a host offset. */
  long handedOutEnd() {
    return nextCluster << header.clusterBits();
  }

  private long reserve(long count) throws IOException {
    long gap = fillingGaps ? gaps.take(count) : -1;
    return gap < 0 ? reserveBehind(count) : gap;
  }

  private long reserveBehind(long count) throws IOException {
    long first = gaps.findBehind(nextCluster, count);
    nextCluster = first + count;
    passedTheEnd = true;
    if (nextCluster >= FormatLimits.MAX_HOST_OFFSET >>> header.clusterBits()) {
      throw new LimitExceededException(
          file.path(),
          "The image file would become too large",
          "host offset",
          FormatLimits.MAX_HOST_OFFSET);
    }
    return first;
  }

  /** The block of a table index at its new place; the first call moves or makes it. */
  private byte[] changeable(int index) throws IOException {
    if (index >= table.length) {
      enlarge(index + 1);
    }
    if (!moved.get(index)) {
      move(index);
    }
    return blocks.change(table[index]);
  }

  private void move(int index) throws IOException {
    long oldOffset = table[index] & OFFSET_MASK;
    long home = reserve(1);
    long newOffset = home << header.clusterBits();
    byte[] _ = oldOffset == 0 ? blocks.create(newOffset) : blocks.copy(oldOffset, newOffset);
    table[index] = newOffset;
    moved.set(index);
    // Counting the move may move further blocks, each of them once.
    change(home, 1, 1);
    if (oldOffset != 0) {
      add(oldOffset >>> header.clusterBits(), 1, -1);
    }
  }

  private void enlarge(int needed) throws LimitExceededException {
    table = Arrays.copyOf(table, (int) requirePossible(needed));
  }

  /** The length of a table of at least so many entries. */
  private long requirePossible(int needed) throws LimitExceededException {
    int perCluster = header.clusterSize() / Long.BYTES;
    long rounded = ((long) needed + perCluster - 1) / perCluster * perCluster;
    if (rounded * Long.BYTES > FormatLimits.MAX_REFCOUNT_TABLE_BYTES) {
      throw new LimitExceededException(
          file.path(),
          "Reference count table too large",
          "Reference count table bytes",
          FormatLimits.MAX_REFCOUNT_TABLE_BYTES);
    }
    return rounded;
  }

  /**
   * Where the new table stands.
   *
   * @param hostOffset its host offset
   * @param clusters its length in clusters
   */
  record Place(long hostOffset, int clusters) {}

  /**
   * Decides where the table will be, in memory; nothing is to be counted afterwards. The old
   * table's clusters are given back.
   */
  Place settle() throws IOException {
    add(oldTable.hostOffset() >>> header.clusterBits(), oldTable.clusters(), -1);
    Place place = newTable;
    long clusters = place == null ? 0 : place.clusters();
    long home = place == null ? 0 : place.hostOffset() >>> header.clusterBits();
    if (place != null && tableClusters() != clusters) {
      add(home, clusters, -1);
    }
    while (tableClusters() != clusters) {
      // Counting the table may need a longer table; what was taken for the shorter one is given
      // back.
      clusters = tableClusters();
      home = allocate(clusters);
      if (tableClusters() != clusters) {
        add(home, clusters, -1);
      }
    }
    return new Place(home << header.clusterBits(), (int) clusters);
  }

  /** Writes the structure, its table to where {@link #settle} put it; not durable on return. */
  void write(Place place) throws IOException {
    blocks.write();
    ByteBuffer bytes = ByteBuffer.allocate(table.length * Long.BYTES);
    bytes.asLongBuffer().put(table);
    file.write(bytes, place.hostOffset());
  }

  private long tableClusters() {
    return ((long) table.length * Long.BYTES + header.clusterSize() - 1) >>> header.clusterBits();
  }

  private int tableIndex(long cluster) {
    return (int) Math.min(cluster >>> blockBits, Integer.MAX_VALUE - 1);
  }

  private int indexInBlock(long cluster) {
    return (int) cluster & ((1 << blockBits) - 1);
  }
}
