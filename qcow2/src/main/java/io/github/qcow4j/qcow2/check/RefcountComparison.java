package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.refcount.RefcountTable;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Holds the stored reference count of every cluster against the references that were met, and finds
 * the last cluster in use. For one thread.
 */
final class RefcountComparison implements TableStream.Source, TableStream.Visitor {

  private final RefcountTable table;
  private final CounterCodec codec;
  private final ReferenceCounts counted;
  private final long clusterCount;
  private final StoredCounts stored;
  private final StoredOnes ones;
  private final CheckTally tally;
  private final long clustersInFile;
  private final byte[] zeros;
  private final @Nullable RefcountFix fix;
  private boolean freeInUse;
  private long nextCluster;
  private long highestUsed;

  /**
   * @param fix puts counters right, or null to look only
   */
  RefcountComparison(
      RefcountTable table,
      CounterCodec codec,
      References references,
      StoredCounts stored,
      StoredOnes ones,
      CheckTally tally,
      @Nullable RefcountFix fix) {
    this.fix = fix;
    this.table = table;
    this.codec = codec;
    this.counted = references.counts();
    this.clusterCount = references.clusterCount();
    this.stored = stored;
    this.ones = ones;
    this.tally = tally;
    this.clustersInFile = references.clustersInFile();
    this.zeros = new byte[table.blockBytes()];
  }

  /** Compares all clusters. */
  void run(TableStream stream) throws IOException {
    stream.forEach(this, this);
    finishWithoutBlocks(clusterCount);
  }

  /** Whether some cluster in use counts as free: then more may be lost than its counter. */
  boolean foundFreeInUse() {
    return freeInUse;
  }

  /** The last cluster in use; 0 when none is. */
  long highestUsed() {
    return highestUsed;
  }

  @Override
  public long size() {
    return Math.min(table.size(), table.blockIndex(clusterCount - 1) + 1);
  }

  @Override
  public boolean inUse(long index) {
    return table.blockOffset(index) != 0
        && table.isBlockAligned(index)
        && table.isBlockReachable(index)
        && !matches(index);
  }

  /** Whether the walk over the mappings has seen already that a block is right. */
  private boolean matches(long blockIndex) {
    long end = Math.min(clusterCount, (blockIndex + 1) * table.countersPerBlock());
    return end <= clustersInFile && ones.matches(blockIndex, counted, end);
  }

  @Override
  public long hostOffset(long index) {
    return table.blockOffset(index);
  }

  @Override
  public void table(long index, byte[] bytes, int position) throws IOException {
    finishWithoutBlocks(index * table.countersPerBlock());
    boolean changed = false;
    long base = nextCluster - codec.countersIn(position);
    long end = Math.min(clusterCount, nextCluster + table.countersPerBlock());
    while (nextCluster < end) {
      long chunkEnd = Math.min(end, (nextCluster | (CounterPage.COUNTERS - 1)) + 1);
      changed |= compare(bytes, base, chunkEnd);
      nextCluster = chunkEnd;
    }
    if (changed && fix != null) {
      fix.write(table.blockOffset(index), bytes, position, table.blockBytes());
    }
  }

  @Override
  public void empty(long index) throws IOException {
    table(index, new byte[table.blockBytes()], 0);
  }

  /**
   * Compares clusters from the next one on, all in one page of counters.
   *
   * @param base the cluster whose counter would stand at the beginning of {@code bytes}
   * @return whether a counter was put right in {@code bytes}
   */
  private boolean compare(byte[] bytes, long base, long end) {
    CounterPage page = counted.page(nextCluster);
    if (page == null && holdsZeros(bytes, base, end)) {
      return false;
    }
    boolean changed = false;
    for (long cluster = nextCluster; cluster < end; cluster++) {
      long refcount = codec.get(bytes, (int) (cluster - base));
      long references = page == null ? 0 : page.get((int) cluster & (CounterPage.COUNTERS - 1));
      if ((refcount | references) != 0) {
        highestUsed = cluster;
        if (refcount != references && report(cluster, refcount, references)) {
          codec.set(bytes, (int) (cluster - base), references);
          changed = true;
        }
      }
    }
    return changed;
  }

  private boolean holdsZeros(byte[] bytes, long base, long end) {
    int first = (int) (nextCluster - base);
    int count = (int) (end - nextCluster);
    int from = codec.bytesFor(first);
    int length = codec.bytesFor(count & -8);
    return (count & 7) == 0 && Arrays.mismatch(bytes, from, from + length, zeros, 0, length) < 0;
  }

  /** Reports a counter; true when it is to be put right. */
  private boolean report(long cluster, long refcount, long references) {
    boolean low = Long.compareUnsigned(refcount, references) < 0;
    CheckFinding finding =
        low
            ? new RefcountFinding.RefcountTooLow(cluster, refcount, references)
            : new RefcountFinding.LeakedCluster(cluster, refcount, references);
    freeInUse |= refcount == 0;
    boolean fixed =
        fix != null
            && refcount != 0
            && (low ? fix.mayRaise() : fix.mayLower(cluster, references == 0));
    tally.report(fixed ? new RepairFinding.Repairing(finding) : finding);
    return fixed;
  }

  @Override
  public void unreadable(long index, IOException failure) {
    finishWithoutBlocks(index * table.countersPerBlock());
    failBlock(index, failure);
  }

  private void failBlock(long blockIndex, @Nullable IOException failure) {
    long end = Math.min(clusterCount, (blockIndex + 1) * table.countersPerBlock());
    for (; nextCluster < end; nextCluster++) {
      tally.report(new RefcountFinding.UnknownRefcount(nextCluster, failure));
    }
  }

  /** Deals with clusters up to {@code end} whose blocks cannot be read, do not exist, or match. */
  private void finishWithoutBlocks(long end) {
    while (nextCluster < end) {
      long blockIndex = table.blockIndex(nextCluster);
      long blockEnd = Math.min(end, (blockIndex + 1) * table.countersPerBlock());
      if (table.blockOffset(blockIndex) == 0) {
        compareWithZeros(blockEnd);
      } else if (matches(blockIndex)) {
        noteLastUsed(blockEnd);
        nextCluster = blockEnd;
      } else {
        if (!table.isBlockAligned(blockIndex)) {
          stored.sayUnreadable(blockIndex);
        }
        failBlock(blockIndex, null);
      }
    }
  }

  private void noteLastUsed(long end) {
    long cluster = end;
    while (cluster > nextCluster) {
      long pageStart = (cluster - 1) & -CounterPage.COUNTERS;
      CounterPage page = counted.page(pageStart);
      int last = page == null ? -1 : page.lastUsed((int) (cluster - pageStart));
      if (last >= 0) {
        highestUsed = Math.max(highestUsed, pageStart + last);
        return;
      }
      cluster = pageStart;
    }
  }

  private void compareWithZeros(long end) {
    while (nextCluster < end) {
      long chunkEnd = Math.min(end, (nextCluster | (CounterPage.COUNTERS - 1)) + 1);
      CounterPage page = counted.page(nextCluster);
      if (page != null) {
        for (long cluster = nextCluster; cluster < chunkEnd; cluster++) {
          long references = page.get((int) cluster & (CounterPage.COUNTERS - 1));
          if (references != 0) {
            highestUsed = cluster;
            report(cluster, 0, references);
          }
        }
      }
      nextCluster = chunkEnd;
    }
  }
}
