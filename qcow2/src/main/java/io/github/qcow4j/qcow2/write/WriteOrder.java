package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import io.github.qcow4j.qcow2.table.L1Table;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;

/**
 * The one place that decides in which order changed metadata reaches the disk.
 *
 * <p>Whatever subset of unsynced writes a power cut lets through, a pointer on disk never leads to
 * a cluster that is not counted or not written. So, with a sync between each step and the next:
 *
 * <ol>
 *   <li>guest data (written before) and refcount blocks, whose counters are never lower than what
 *       the disk's pointers need, for references are taken back only in step 6;
 *   <li>entries of the refcount table for new blocks;
 *   <li>guest data in an external data file;
 *   <li>L2 tables;
 *   <li>L1 entries;
 *   <li>only then references are taken back in memory; they reach the disk with the next step 1.
 * </ol>
 *
 * <p>A crash in between leaves clusters counted too high, which is a leak, and nothing worse.
 *
 * <p>The order is the same for images that allow lazy refcounts, and the dirty bit is never set.
 * Postponing refcounts spares a writer the barriers of every allocation; here they are spared
 * already, for all that is allocated between two flushes waits in memory and is written in one go.
 * A whole image's counts would still have to be gathered anew after every crash. Guarded by the
 * image's metadata lock.
 */
final class WriteOrder {

  private final MutableTables tables;
  private final BlockFile file;
  private final BlockFile dataFile;
  private final int clusterBits;
  private final boolean syncing;
  private long tableOffsetInFile;
  private int tableEntriesInFile;

  /** What counts nothing in memory since the references were taken back, but does in the file. */
  private List<Run> emptied = List.of();

  private boolean outOfRoom;
  private boolean syncFailed;

  /**
   * @param tables what is to be written
   * @param dataFile where guest clusters are: the image's file, or its external data file
   * @param clusterBits binary logarithm of the cluster size
   * @param syncing false for a file that nobody can find yet, whose maker syncs it as a whole
   *     before it is published: its inner order does not matter
   */
  WriteOrder(MutableTables tables, BlockFile dataFile, int clusterBits, boolean syncing) {
    this.tables = tables;
    this.file = tables.file();
    this.dataFile = dataFile;
    this.clusterBits = clusterBits;
    this.syncing = syncing;
    this.tableOffsetInFile = tables.refcounts().tableOffset();
    this.tableEntriesInFile = tables.refcounts().tableEntries();
  }

  /** Knows whether references may be taken back in step 6. */
  @FunctionalInterface
  interface Idleness {
    /** Whether no operation is under way that could still use clusters it looked up before. */
    boolean isIdle();
  }

  /**
   * Steps 1 to 6. All that was linked into the tables before is durable on return, when syncing.
   */
  void flush(Idleness idleness) throws IOException {
    noticing(() -> flushInOrder(idleness));
  }

  /** The same, and the references taken back are written too, for an image that is to be closed. */
  void flushAll(Idleness idleness) throws IOException {
    noticing(() -> {
      flushInOrder(idleness);
      writeRefcounts();
      if (tables.allocator().hasFreed()) {
        // The refcount table moved, and its old place was given back.
        emptied = tables.allocator().releaseFreed();
        writeRefcounts();
      }
    });
  }

  /** Some of the steps. */
  @FunctionalInterface
  private interface Steps {
    void take() throws IOException;
  }

  private void noticing(Steps steps) throws IOException {
    try {
      steps.take();
      outOfRoom = false;
    } catch (SystemCallException e) {
      outOfRoom = e.isOutOfRoom();
      throw e;
    }
  }

  /**
   * Whether a flush ended where a write found no room. All that was written before it is in the
   * file as the file is read, and a sync makes it durable: not so when it was a sync that failed,
   * after which nobody knows what is.
   */
  boolean isOutOfRoom() {
    return syncing && outOfRoom && !syncFailed;
  }

  /** The clusters that are free but for counters that wait to be written. */
  List<Run> emptied() {
    return emptied;
  }

  private void flushInOrder(Idleness idleness) throws IOException {
    writeRefcounts();
    if (tables.l2Pages().dirtyBytes() > 0) {
      if (syncing) {
        syncDataFile();
      }
      tables.l2Pages().writeDirty();
      sync();
    }
    if (!tables.dirtyL1().isEmpty()) {
      writeL1();
      sync();
    }
    if (tables.allocator().hasFreed() && idleness.isIdle()) {
      emptied = tables.allocator().releaseFreed();
      emptied.forEach(tables::released);
    }
  }

  /** Where the refcount table of the file stands, when everything is written. */
  ShadowRefcounts.Place refcountTableInFile() {
    return new ShadowRefcounts.Place(tableOffsetInFile, (int) clustersOf(tableEntriesInFile));
  }

  private void writeRefcounts() throws IOException {
    RefcountStore refcounts = tables.refcounts();
    if (refcounts.tableMustMove(tableEntriesInFile)) {
      moveRefcountTable(refcounts);
      return;
    }
    refcounts.writeBlocks();
    sync();
    emptied = List.of();
    if (refcounts.tableIsDirty()) {
      refcounts.writeTable();
      sync();
    }
  }

  private void moveRefcountTable(RefcountStore refcounts) throws IOException {
    int entries;
    Run home;
    do {
      // Room for the table may need new blocks, and these a larger table.
      entries = refcounts.tableEntries();
      home = tables.allocator().allocateContiguous(clustersOf(entries));
      if (refcounts.tableEntries() != entries) {
        tables.allocator().freeLater(home.firstCluster(), home.count());
      }
    } while (refcounts.tableEntries() != entries);
    switchTable(refcounts, home);
    sync();
    emptied = List.of();
    tables.allocator().freeLater(tableOffsetInFile >>> clusterBits, clustersOf(tableEntriesInFile));
    tableOffsetInFile = refcounts.tableOffset();
    tableEntriesInFile = entries;
  }

  private void switchTable(RefcountStore refcounts, Run home) throws IOException {
    boolean switched = false;
    try {
      // Before the blocks, which would count what no table leads to when there is no room for one.
      refcounts.moveTable(home.firstCluster() << clusterBits);
      refcounts.writeBlocks();
      sync();
      ByteBuffer fields = ByteBuffer.allocate(12);
      fields.putLong(refcounts.tableOffset()).putInt((int) home.count()).flip();
      file.write(fields, HeaderField.REFCOUNT_TABLE_OFFSET);
      switched = true;
    } finally {
      if (!switched) {
        tables.allocator().freeLater(home.firstCluster(), home.count());
      }
    }
  }

  private long clustersOf(int entries) {
    return ((long) entries * Long.BYTES + (1L << clusterBits) - 1) >>> clusterBits;
  }

  private void writeL1() throws IOException {
    L1Table l1 = tables.l1();
    BitSet dirty = tables.dirtyL1();
    int from = dirty.nextSetBit(0);
    while (from >= 0) {
      int to = dirty.nextClearBit(from);
      ByteBuffer bytes = ByteBuffer.allocate((to - from) * Long.BYTES);
      for (int i = from; i < to; i++) {
        bytes.putLong(l1.entry(i));
      }
      file.write(bytes.flip(), l1.hostOffset() + (long) from * Long.BYTES);
      from = dirty.nextSetBit(to);
    }
    dirty.clear();
  }

  /** Makes guest data durable that is not in the image's own file. */
  void syncDataFile() throws IOException {
    if (!dataFile.equals(file)) {
      dataFile.sync();
    }
  }

  /** Whether there is a sync between the steps. */
  boolean isSyncing() {
    return syncing;
  }

  private void sync() throws IOException {
    if (syncing) {
      boolean synced = false;
      try {
        file.sync();
        synced = true;
      } finally {
        syncFailed |= !synced;
      }
    }
  }
}
