package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import io.github.qcow4j.qcow2.table.TableBounds;
import java.io.IOException;
import java.util.Arrays;

/**
 * Adds to the refcounts of everything that the entries of an L2 table refer to: of nothing where
 * they refer to an external data file, whose clusters have no refcounts.
 *
 * <p>In the order of the file, whatever that of the disk is: entries that go up and down would go
 * from one refcount block to another and back, of which not all may be in memory.
 */
final class ReferenceWalk {

  private final BlockFile file;
  private final Qcow2Header header;
  private final ShadowRefcounts refcounts;
  private final long[] entries;
  private long[] clusters;
  private int count;

  ReferenceWalk(BlockFile file, Qcow2Header header, ShadowRefcounts refcounts) {
    this.file = file;
    this.header = header;
    this.refcounts = refcounts;
    this.entries = new long[header.l2Entries()];
    this.clusters = new long[header.l2Entries()];
  }

  /** Adds {@code delta} once for every reference; runs of clusters are counted together. */
  void addAll(L2Table table, int delta) throws IOException {
    if (header.has(Feature.EXTERNAL_DATA_FILE)) {
      return;
    }
    table.copyEntries(0, entries, entries.length);
    count = 0;
    boolean ascending = true;
    for (long entry : entries) {
      int before = count;
      if (L2Entry.isCompressed(entry)) {
        rememberCompressed(entry);
      } else if (cluster(entry) != 0) {
        remember(cluster(entry));
      }
      ascending &= before == 0 || before == count || clusters[before - 1] <= clusters[before];
    }
    if (!ascending) {
      Arrays.sort(clusters, 0, count);
    }
    addRuns(delta);
  }

  /**
   * 0 for an entry that names none.
   *
   * @throws CorruptImageException when no cluster can begin where it leads
   */
  private long cluster(long entry) throws CorruptImageException {
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    // No reader would take it for a cluster, and what is counted here would be another one.
    TableBounds.requirePossible(file, hostOffset, header.clusterSize(), "Data cluster");
    return hostOffset >>> header.clusterBits();
  }

  private void rememberCompressed(long entry) {
    long first = L2Entry.compressedOffset(entry, header.clusterBits());
    long last = first + L2Entry.compressedMaxBytes(entry, header.clusterBits()) - 1;
    for (long cluster = first >>> header.clusterBits();
        cluster <= last >>> header.clusterBits();
        cluster++) {
      remember(cluster);
    }
  }

  private void remember(long cluster) {
    if (count == clusters.length) {
      // A compressed stream may have bytes in several clusters.
      clusters = Arrays.copyOf(clusters, 2 * count);
    }
    clusters[count++] = cluster;
  }

  private void addRuns(int delta) throws IOException {
    for (int i = 0; i < count; ) {
      int end = i + 1;
      while (end < count && clusters[end] == clusters[end - 1] + 1) {
        end++;
      }
      refcounts.add(clusters[i], end - i, delta);
      i = end;
    }
  }
}
