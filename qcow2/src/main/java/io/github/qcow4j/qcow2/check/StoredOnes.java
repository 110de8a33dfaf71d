package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.refcount.RefcountReader;
import io.github.qcow4j.qcow2.refcount.RefcountTable;
import java.io.IOException;
import java.util.BitSet;

/**
 * Whether the stored reference count of a cluster is exactly one: one bit for each cluster, read
 * block by block as clusters are asked about. Enough to see that nearly all copied flags are right.
 * For one thread.
 */
final class StoredOnes {

  private static final int PAGE_BITS = 15;
  private static final int PAGE_WORDS = (1 << PAGE_BITS) / Long.SIZE;

  private final RefcountTable table;
  private final RefcountReader reader;
  private final CounterCodec codec;
  private final byte[] block;
  private final BitSet seenBlocks = new BitSet();
  private final long[][] pages;
  private final long clustersInFile;
  private long lastBlock = -1;

  /**
   * @param clustersInFile only clusters below are asked about
   */
  StoredOnes(RefcountTable table, RefcountReader reader, CounterCodec codec, long clustersInFile) {
    this.table = table;
    this.reader = reader;
    this.codec = codec;
    this.block = new byte[table.blockBytes()];
    this.clustersInFile = clustersInFile;
    this.pages = new long[(int) (clustersInFile >>> PAGE_BITS) + 1][];
  }

  boolean isOne(long clusterIndex) {
    long blockIndex = table.blockIndex(clusterIndex);
    if (blockIndex != lastBlock) {
      see(blockIndex);
    }
    long[] page = pages[(int) (clusterIndex >>> PAGE_BITS)];
    int bit = (int) clusterIndex & ((1 << PAGE_BITS) - 1);
    return page != null && (page[bit >>> 6] & (1L << bit)) != 0;
  }

  private void see(long blockIndex) {
    if (blockIndex < table.size() && !seenBlocks.get((int) blockIndex)) {
      seenBlocks.set((int) blockIndex);
      if (table.blockOffset(blockIndex) != 0) {
        load(blockIndex);
      }
    }
    lastBlock = blockIndex;
  }

  private void load(long blockIndex) {
    try {
      reader.read(blockIndex, block);
    } catch (IOException e) {
      // The comparison of counts meets the same failure, and reports it.
      return;
    }
    long base = blockIndex * table.countersPerBlock();
    int count = (int) Math.min(table.countersPerBlock(), clustersInFile - base);
    for (int i = 0; i < count; i++) {
      if (codec.get(block, i) == 1) {
        set(base + i);
      }
    }
  }

  private void set(long clusterIndex) {
    int pageIndex = (int) (clusterIndex >>> PAGE_BITS);
    if (pages[pageIndex] == null) {
      pages[pageIndex] = new long[PAGE_WORDS];
    }
    int bit = (int) clusterIndex & ((1 << PAGE_BITS) - 1);
    pages[pageIndex][bit >>> 6] |= 1L << bit;
  }
}
