package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is done about a flush that found no room, when its image is given up: clusters may be
 * counted in the file by then to which no table of the file leads. They are counted anew.
 *
 * <p>On a file system that writes nothing in place, such as btrfs, a table finds no room in the
 * place that it has, and neither would the counters. So what nothing leads to any more goes first:
 * that makes the room for writing that it is free.
 *
 * <p>Which clusters these are, the file says and not the memory, since a write may have come
 * through in part: of each table that waits to be written, those entries that are not in the file
 * yet lost what they refer to, and what the file has in their place is still needed.
 */
final class Retreat {

  private final MutableTables tables;
  private final BlockFile file;
  private final int clusterBits;
  private final int clusterSize;

  /** How many references each cluster is to lose; negative are more than it was to lose before. */
  private final Map<Long, Long> unneeded = new HashMap<>();

  /**
   * @param tables what was to be written; of no more use afterwards
   * @param header the image's header
   */
  Retreat(MutableTables tables, Qcow2Header header) {
    this.tables = tables;
    this.file = tables.file();
    this.clusterBits = header.clusterBits();
    this.clusterSize = header.clusterSize();
  }

  /**
   * Gives everything back.
   *
   * @param emptied what else is free but for its counters
   */
  void run(List<Run> emptied) throws IOException {
    // What is read here stays so after a power cut.
    file.sync();
    ClusterAllocator allocator = tables.allocator();
    allocator.takeFreed().forEach(run -> add(run, 1));
    L1Table l1 = tables.l1();
    for (int i = 0; i < l1.size(); i++) {
      if (tables.dirtyL1().get(i) || tables.l2Pages().isDirty(l1.l2Offset(i))) {
        compareL1(l1, i);
      }
    }
    unneeded.forEach((cluster, count) -> {
      for (long i = 0; i < count; i++) {
        allocator.freeLater(cluster, 1);
      }
    });
    punch(emptied);
    punch(allocator.releaseFreed());
    tables.refcounts().writeBlocks();
    file.sync();
  }

  private void compareL1(L1Table l1, int index) throws IOException {
    ByteBuffer entry = ByteBuffer.allocate(Long.BYTES);
    file.readPadded(entry, l1.hostOffset() + (long) index * Long.BYTES);
    long inMemory = l1.l2Offset(index);
    long inFile = entry.getLong(0) & L2Entry.OFFSET_MASK;
    byte[] table = new byte[clusterSize];
    if (inFile != 0) {
      file.readPadded(ByteBuffer.wrap(table), inFile);
    }
    compareL2(tables.l2At(inMemory), new L2Table(table, tables.extended()));
    if (inFile != inMemory) {
      add(new Run(inMemory >>> clusterBits, 1), 1);
      if (inFile != 0) {
        add(new Run(inFile >>> clusterBits, 1), -1);
      }
    }
  }

  private void compareL2(L2Table inMemory, L2Table inFile) {
    for (int i = 0; i < inMemory.size(); i++) {
      long lost = inMemory.entry(i);
      long kept = inFile.entry(i);
      if (lost != kept) {
        add(tables.counted(lost), 1);
        add(tables.counted(kept), -1);
      }
    }
  }

  private void add(@Nullable Run run, long references) {
    if (run != null) {
      for (long i = 0; i < run.count(); i++) {
        unneeded.merge(run.firstCluster() + i, references, Long::sum);
      }
    }
  }

  private void punch(List<Run> runs) throws IOException {
    for (Run run : runs) {
      boolean _ = file.punchHole(run.firstCluster() << clusterBits, run.count() << clusterBits);
    }
  }
}
