package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import java.io.IOException;

/**
 * Makes guest clusters zeros, or gives them back, in the tables. Guarded by the image's metadata
 * lock.
 *
 * <p>Version 2 has no way to say that a cluster is zeros: there, unallocated clusters without a
 * backing file are all there is.
 */
final class ZeroPlanner {

  private static final long ALL_SUBCLUSTERS_ZERO = 0xFFFF_FFFF_0000_0000L;

  private final Qcow2Header header;
  private final MutableTables tables;
  private final int clusterBits;
  private final int clusterSize;
  private final boolean extended;
  private final boolean externalData;

  ZeroPlanner(Qcow2Header header, MutableTables tables) {
    this.header = header;
    this.tables = tables;
    this.clusterBits = header.clusterBits();
    this.clusterSize = header.clusterSize();
    this.extended = header.has(Feature.EXTENDED_L2);
    this.externalData = header.has(Feature.EXTERNAL_DATA_FILE);
  }

  /** See {@link ImageWriter#zeroByTables}. */
  long zero(long guestOffset, long lengthBytes, boolean mayUnmap, boolean hasBacking)
      throws IOException {
    int inCluster = (int) (guestOffset & (clusterSize - 1));
    if (inCluster != 0 || lengthBytes < clusterSize) {
      return zeroSubclusters(guestOffset, Math.min(lengthBytes, clusterSize - inCluster));
    }
    if (header.version() < 3) {
      return hasBacking ? 0 : discard(guestOffset, lengthBytes, false);
    }
    MutableTables.OpenL2 open = tables.openL2(guestOffset);
    int first = tables.l2Index(guestOffset);
    int count = clustersInTable(first, lengthBytes);
    for (int i = first; i < first + count; i++) {
      zeroCluster(open.table(), i, mayUnmap);
    }
    tables.changed(open);
    return (long) count << clusterBits;
  }

  private void zeroCluster(L2Table table, int index, boolean mayUnmap) {
    long entry = table.entry(index);
    boolean keeps =
        !L2Entry.isCompressed(entry)
            && (entry & L2Entry.COPIED) != 0
            && (!mayUnmap || externalData);
    if (!keeps) {
      tables.freeLater(entry);
    }
    long kept = keeps ? entry & (L2Entry.OFFSET_MASK | L2Entry.COPIED) : 0;
    if (extended) {
      table.setEntry(index, kept);
      table.setSubclusterBitmap(index, ALL_SUBCLUSTERS_ZERO);
    } else {
      table.setEntry(index, kept | L2Entry.ZERO);
    }
  }

  /** Subclusters of one cluster, whole ones only; 0 when that is not possible. */
  private long zeroSubclusters(long guestOffset, long lengthBytes) throws IOException {
    int subclusterSize = clusterSize / L2Entry.SUBCLUSTERS;
    if (!extended || guestOffset % subclusterSize != 0 || lengthBytes < subclusterSize) {
      return 0;
    }
    MutableTables.OpenL2 open = tables.openL2(guestOffset);
    int index = tables.l2Index(guestOffset);
    long entry = open.table().entry(index);
    boolean shared = (entry & L2Entry.OFFSET_MASK) != 0 && (entry & L2Entry.COPIED) == 0;
    if (L2Entry.isCompressed(entry) || shared) {
      return 0;
    }
    int first = (int) (guestOffset & (clusterSize - 1)) / subclusterSize;
    int count = (int) (lengthBytes / subclusterSize);
    long mask = ((1L << count) - 1) << first;
    long bitmap = open.table().subclusterBitmap(index);
    open.table().setSubclusterBitmap(index, (bitmap & ~mask) | (mask << 32));
    tables.changed(open);
    return (long) count * subclusterSize;
  }

  /** See {@link ImageWriter#discardByTables}. */
  long discard(long guestOffset, long lengthBytes, boolean hasBacking) throws IOException {
    int first = tables.l2Index(guestOffset);
    int count = clustersInTable(first, lengthBytes);
    if (tables.peekL2(guestOffset) == null && !hasBacking) {
      return (long) count << clusterBits;
    }
    MutableTables.OpenL2 open = tables.openL2(guestOffset);
    for (int i = first; i < first + count; i++) {
      discardCluster(open.table(), i, hasBacking);
    }
    tables.changed(open);
    return (long) count << clusterBits;
  }

  /** See {@link ImageWriter#dropByTables}. */
  long drop(long guestOffset, long lengthBytes) throws IOException {
    int first = tables.l2Index(guestOffset);
    int count = clustersInTable(first, lengthBytes);
    if (tables.peekL2(guestOffset) != null) {
      MutableTables.OpenL2 open = tables.openL2(guestOffset);
      for (int i = first; i < first + count; i++) {
        tables.freeLater(open.table().entry(i));
        open.table().setEntry(i, 0);
        if (extended) {
          open.table().setSubclusterBitmap(i, 0);
        }
      }
      tables.changed(open);
    }
    return (long) count << clusterBits;
  }

  /** What was there must not come back, and what a backing file holds must not show through. */
  private void discardCluster(L2Table table, int index, boolean hasBacking) {
    long entry = table.entry(index);
    long bitmap = extended ? table.subclusterBitmap(index) : 0;
    if (entry == 0 && bitmap == 0 && !hasBacking) {
      return;
    }
    tables.freeLater(entry);
    boolean marks = header.version() >= 3;
    table.setEntry(index, marks && !extended ? L2Entry.ZERO : 0);
    if (extended) {
      table.setSubclusterBitmap(index, ALL_SUBCLUSTERS_ZERO);
    }
  }

  private int clustersInTable(int first, long lengthBytes) {
    return (int) Math.min(lengthBytes >>> clusterBits, header.l2Entries() - first);
  }
}
