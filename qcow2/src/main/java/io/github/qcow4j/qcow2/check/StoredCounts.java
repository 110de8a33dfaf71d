package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.refcount.RefcountReader;
import io.github.qcow4j.qcow2.refcount.RefcountTable;
import java.io.IOException;

/**
 * The stored reference counts, as a check asks for them: the first time that a block turns out to
 * have no aligned place, it says so. For one thread.
 */
final class StoredCounts {

  private final RefcountTable table;
  private final RefcountReader reader;
  private final CheckTally tally;
  private final WalkLimit limit;
  private long countedBytes;
  private boolean saidUnreadable;

  StoredCounts(RefcountTable table, RefcountReader reader, CheckTally tally, WalkLimit limit) {
    this.limit = limit;
    this.table = table;
    this.reader = reader;
    this.tally = tally;
  }

  /**
   * The stored count of a cluster, unsigned.
   *
   * @throws IOException when it cannot be had
   */
  long refcount(long clusterIndex) throws IOException {
    try {
      return refcountSilently(clusterIndex);
    } catch (CorruptImageException e) {
      sayUnreadable(table.blockIndex(clusterIndex));
      throw e;
    }
  }

  /** Whether its block has a place: then it is the storage's failure when a count cannot be had. */
  boolean hasPlace(long clusterIndex) {
    long blockIndex = table.blockIndex(clusterIndex);
    return table.isBlockAligned(blockIndex) && table.isBlockReachable(blockIndex);
  }

  /** The same without a word about blocks that have no place. */
  long refcountSilently(long clusterIndex) throws IOException {
    long refcount = reader.refcount(clusterIndex);
    if (reader.bytesRead() != countedBytes) {
      countNewBlocks();
    }
    return refcount;
  }

  private void countNewBlocks() {
    try {
      limit.walk(reader.bytesRead() - countedBytes);
      countedBytes = reader.bytesRead();
    } catch (LimitExceededException e) {
      throw new EndedByLimit(e);
    }
  }

  /** Says that a block has no aligned place, unless that was said before. */
  void sayUnreadable(long blockIndex) {
    if (!saidUnreadable) {
      saidUnreadable = true;
      tally.report(new RefcountFinding.UnreadableBlock(blockIndex, table.blockOffset(blockIndex)));
    }
  }
}
