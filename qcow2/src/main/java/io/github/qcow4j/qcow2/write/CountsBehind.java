package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.table.L2Table;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether all that a disk gives back when it shrinks is counted, as often as it is given
 * back: to learn that from the counters on the way would be too late, as some of it is gone then.
 *
 * <p>In files of more clusters than {@link #MOST_EXACT} only whether it is counted at all. Used
 * once, by one thread, while nothing else changes the image.
 */
final class CountsBehind {

  /** Of 16 MiB, a number for each: 256 GiB with clusters of 64 KiB. */
  private static final long MOST_EXACT = 1L << 22;

  private final MutableTables tables;
  private final Qcow2Header header;
  private final int @Nullable [] givenBack;
  private long[] clusters = new long[64];

  /** Sorted. */
  private long @Nullable [] goingTables;

  private int count;

  CountsBehind(MutableTables tables, Qcow2Header header) throws IOException {
    this.tables = tables;
    this.header = header;
    long inFile = tables.hostEnd() >>> header.clusterBits();
    this.givenBack = inFile < MOST_EXACT ? new int[(int) inFile + 1] : null;
  }

  /**
   * @param sizeBytes the disk's size afterwards
   * @throws CorruptImageException when a counter would fall below zero
   */
  void require(long sizeBytes) throws IOException {
    long firstCluster = (sizeBytes + header.clusterSize() - 1) >>> header.clusterBits();
    int l1Entries = (int) header.l1EntriesFor(sizeBytes);
    for (int i = (int) (firstCluster / header.l2Entries()); i < header.l1Entries(); i++) {
      L2Table table = tables.peekL2((long) i << header.l2CoverageBits());
      if (table == null) {
        continue;
      }
      count = 0;
      int from = (int) Math.max(0, firstCluster - (long) i * header.l2Entries());
      for (int j = from; j < header.l2Entries(); j++) {
        note(table.entry(j), i >= l1Entries);
      }
      if (i >= l1Entries) {
        remember(new Run(tables.l2Cluster(i), 1));
      }
      // In the order of the file, not to go from one refcount block to another and back.
      Arrays.sort(clusters, 0, count);
      requireCounted(i, l1Entries);
    }
  }

  /**
   * @param withItsTable whether its table goes too: then what metadata stand in is given back like
   *     all else; otherwise the last reference stays
   */
  private void note(long entry, boolean withItsTable) {
    Run run = tables.counted(entry);
    if (run != null && (withItsTable || tables.overlap().metadataIn(run.firstCluster()) == null)) {
      remember(run);
    }
  }

  private void remember(Run run) {
    for (long i = 0; i < run.count(); i++) {
      if (count == clusters.length) {
        clusters = Arrays.copyOf(clusters, 2 * count);
      }
      clusters[count++] = run.firstCluster() + i;
    }
  }

  private void requireCounted(int l1Index, int l1Entries) throws IOException {
    for (int i = 0; i < count; i++) {
      long cluster = clusters[i];
      long wanted = 1;
      if (givenBack != null && cluster < givenBack.length) {
        givenBack[(int) cluster]++;
        wanted = givenBack[(int) cluster];
      }
      boolean stays =
          cluster != tables.l2Cluster(l1Index)
              && tables.overlap().metadataIn(cluster) != null
              && Arrays.binarySearch(goingTables(l1Entries), cluster) < 0;
      tables.requireCounted(cluster, stays ? wanted + 1 : wanted);
    }
  }

  private long[] goingTables(int l1Entries) {
    if (goingTables == null) {
      goingTables =
          IntStream.range(l1Entries, header.l1Entries())
              .mapToLong(tables::l2Cluster)
              .sorted()
              .toArray();
    }
    return goingTables;
  }
}
