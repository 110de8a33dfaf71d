package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import java.io.IOException;

/**
 * Adds to the refcounts of everything that the entries of an L2 table refer to: of nothing where
 * they refer to an external data file, whose clusters have no refcounts.
 */
final class ReferenceWalk {

  private final Qcow2Header header;
  private final ShadowRefcounts refcounts;
  private final long[] entries;

  ReferenceWalk(Qcow2Header header, ShadowRefcounts refcounts) {
    this.header = header;
    this.refcounts = refcounts;
    this.entries = new long[header.l2Entries()];
  }

  /** Adds {@code delta} once for every reference; runs of clusters are counted together. */
  void addAll(L2Table table, int delta) throws IOException {
    if (header.has(Feature.EXTERNAL_DATA_FILE)) {
      return;
    }
    long runStart = 0;
    long runCount = 0;
    table.copyEntries(0, entries, entries.length);
    for (long entry : entries) {
      if (L2Entry.isCompressed(entry)) {
        addCompressed(entry, delta);
        continue;
      }
      long cluster = (entry & L2Entry.OFFSET_MASK) >>> header.clusterBits();
      if (cluster == 0) {
        continue;
      }
      if (runCount > 0 && cluster == runStart + runCount) {
        runCount++;
      } else {
        refcounts.add(runStart, runCount, delta);
        runStart = cluster;
        runCount = 1;
      }
    }
    refcounts.add(runStart, runCount, delta);
  }

  private void addCompressed(long entry, int delta) throws IOException {
    long first = L2Entry.compressedOffset(entry, header.clusterBits());
    long last = first + L2Entry.compressedMaxBytes(entry, header.clusterBits()) - 1;
    long firstCluster = first >>> header.clusterBits();
    refcounts.add(firstCluster, (last >>> header.clusterBits()) - firstCluster + 1, delta);
  }
}
