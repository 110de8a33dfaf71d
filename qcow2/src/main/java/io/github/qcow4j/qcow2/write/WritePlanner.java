package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import io.github.qcow4j.qcow2.table.TableBounds;
import java.io.IOException;

/**
 * Decides where written bytes go: in place where the image alone owns the cluster (its copied flag
 * is set), else to new clusters. Also links what was filled. Guarded by the image's metadata lock.
 */
final class WritePlanner {

  private final Qcow2Header header;
  private final MutableTables tables;
  private final int clusterBits;
  private final int clusterSize;
  private final boolean extended;
  private final boolean externalData;

  WritePlanner(Qcow2Header header, MutableTables tables) {
    this.header = header;
    this.tables = tables;
    this.clusterBits = header.clusterBits();
    this.clusterSize = header.clusterSize();
    this.extended = header.has(Feature.EXTENDED_L2);
    this.externalData = header.has(Feature.EXTERNAL_DATA_FILE);
  }

  /** Plans the beginning of a write; clusters that the plan needs are taken. */
  WritePlan plan(long guestOffset, long lengthBytes) throws IOException {
    L2Table table = tables.peekL2(guestOffset);
    int index = tables.l2Index(guestOffset);
    long inTable = (long) (header.l2Entries() - index) << clusterBits;
    long limit = Math.min(lengthBytes, inTable - (guestOffset & (clusterSize - 1)));
    if (table != null && isOwnData(table, index, guestOffset, limit)) {
      return inPlace(table, index, guestOffset, limit);
    }
    // The table takes its place first: behind it, data that follows in the disk follows in the
    // file.
    MutableTables.OpenL2 open = tables.openL2(guestOffset);
    tables.changed(open);
    if (extended && (guestOffset % clusterSize != 0 || limit < clusterSize)) {
      return fillOneExtended(open.table(), index, guestOffset, limit);
    }
    // Of clusters with subclusters only whole ones are filled together.
    long whole = extended ? limit & -clusterSize : limit;
    return fill(open.table(), index, guestOffset, whole);
  }

  private WritePlan.InPlace inPlace(L2Table table, int first, long guestOffset, long limit)
      throws IOException {
    long hostOffset = hostOffset(table.entry(first));
    long length = clusterSize - (guestOffset & (clusterSize - 1));
    for (int i = first + 1; length < limit; i++) {
      long expected = hostOffset + ((long) (i - first) << clusterBits);
      boolean goesOn =
          isOwnData(table, i, guestOffset + length, limit - length)
              && hostOffset(table.entry(i)) == expected;
      if (!goesOn) {
        break;
      }
      length += clusterSize;
    }
    requireGuestData(hostOffset, (length + clusterSize - 1) >>> clusterBits);
    return new WritePlan.InPlace(
        Math.min(length, limit), hostOffset + (guestOffset & (clusterSize - 1)));
  }

  /** A damaged table may call anything the guest's own. */
  private void requireGuestData(long hostOffset, long clusterCount) throws IOException {
    if (externalData) {
      return;
    }
    TableBounds.requirePossible(tables.file(), hostOffset, clusterSize, "Cluster allocation");
    tables.overlap().requireGuestData(hostOffset >>> clusterBits, clusterCount);
  }

  /** Whether the cluster, or those subclusters of it that the write touches, may be overwritten. */
  private boolean isOwnData(L2Table table, int index, long guestOffset, long lengthBytes) {
    long entry = table.entry(index);
    if (L2Entry.isCompressed(entry) || (entry & L2Entry.COPIED) == 0) {
      return false;
    }
    if (!extended) {
      return (entry & L2Entry.ZERO) == 0;
    }
    int touched = touchedSubclusters(guestOffset, lengthBytes);
    return (L2Entry.allocatedSubclusters(table.subclusterBitmap(index)) & touched) == touched;
  }

  private WritePlan fill(L2Table table, int first, long guestOffset, long limit)
      throws IOException {
    int inCluster = (int) (guestOffset & (clusterSize - 1));
    long guestStart = guestOffset - inCluster;
    int wanted = (int) ((inCluster + limit + clusterSize - 1) >>> clusterBits);
    int count = 1;
    while (count < wanted && needsFill(table, first + count)) {
      count++;
    }
    Run run = place(table, first, guestStart, count);
    long end = guestStart + (run.count() << clusterBits);
    long length = Math.min(limit, end - guestOffset);
    return new WritePlan.Fill(
        length,
        guestStart,
        end,
        run.firstCluster() << clusterBits,
        guestStart >>> clusterBits,
        (int) run.count(),
        run.firstCluster() << clusterBits);
  }

  private boolean needsFill(L2Table table, int index) {
    return !isOwnData(table, index, 0, clusterSize);
  }

  /** Host clusters to fill: at the guest's own place in a data file, reserved ones, or new ones. */
  private Run place(L2Table table, int first, long guestStart, int count) throws IOException {
    if (externalData) {
      return new Run(guestStart >>> clusterBits, count);
    }
    if (isReserved(table.entry(first))) {
      requireGuestData(hostOffset(table.entry(first)), 1);
      return new Run(hostOffset(table.entry(first)) >>> clusterBits, 1);
    }
    int fresh = 1;
    while (fresh < count && !isReserved(table.entry(first + fresh))) {
      fresh++;
    }
    return tables.allocator().allocate(fresh);
  }

  /** A cluster of our own that reads as zeros, or in parts not at all. */
  private boolean isReserved(long entry) {
    return !L2Entry.isCompressed(entry)
        && (entry & L2Entry.COPIED) != 0
        && (entry & L2Entry.OFFSET_MASK) != 0;
  }

  private WritePlan fillOneExtended(L2Table table, int index, long guestOffset, long limit)
      throws IOException {
    int inCluster = (int) (guestOffset & (clusterSize - 1));
    long clusterStart = guestOffset - inCluster;
    long length = Math.min(limit, clusterSize - inCluster);
    long entry = table.entry(index);
    long hostCluster = place(table, index, clusterStart, 1).firstCluster() << clusterBits;
    boolean hasOld =
        L2Entry.isCompressed(entry) || (hostOffset(entry) != 0 && hostOffset(entry) != hostCluster);
    int subclusterSize = clusterSize / L2Entry.SUBCLUSTERS;
    // What the old cluster holds moves as a whole; else the touched subclusters are enough.
    long from = hasOld ? 0 : inCluster & -subclusterSize;
    long to = hasOld ? clusterSize : (inCluster + length + subclusterSize - 1) & -subclusterSize;
    return new WritePlan.Fill(
        length,
        clusterStart + from,
        clusterStart + to,
        hostCluster + from,
        clusterStart >>> clusterBits,
        1,
        hostCluster);
  }

  /** Points the tables to clusters that were filled, and takes back what they pointed to before. */
  void link(WritePlan.Fill fill) throws IOException {
    long guestOffset = fill.firstGuestCluster() << clusterBits;
    MutableTables.OpenL2 open = tables.openL2(guestOffset);
    int first = tables.l2Index(guestOffset);
    for (int i = 0; i < fill.clusterCount(); i++) {
      long hostCluster = fill.hostCluster() + ((long) i << clusterBits);
      link(open.table(), first + i, hostCluster, fill);
    }
    tables.changed(open);
  }

  /** Takes back the clusters of a plan that failed. */
  void abandon(WritePlan.Fill fill) throws IOException {
    if (externalData) {
      return;
    }
    L2Table table = tables.peekL2(fill.firstGuestCluster() << clusterBits);
    int first = tables.l2Index(fill.firstGuestCluster() << clusterBits);
    for (int i = 0; i < fill.clusterCount(); i++) {
      long hostCluster = fill.hostCluster() + ((long) i << clusterBits);
      if (table == null || hostOffset(table.entry(first + i)) != hostCluster) {
        tables.allocator().giveBack(hostCluster >>> clusterBits);
      }
    }
  }

  private void link(L2Table table, int index, long hostCluster, WritePlan.Fill fill) {
    long old = table.entry(index);
    boolean sameCluster = !L2Entry.isCompressed(old) && hostOffset(old) == hostCluster;
    if (!sameCluster) {
      tables.freeLater(old);
    }
    table.setEntry(index, hostCluster | L2Entry.COPIED);
    if (extended) {
      int filled = touchedSubclusters(fill.guestStart(), fill.guestEnd() - fill.guestStart());
      long bitmap = L2Entry.isCompressed(old) ? 0 : table.subclusterBitmap(index);
      long mask = Integer.toUnsignedLong(filled);
      table.setSubclusterBitmap(index, (bitmap & ~(mask << 32)) | mask);
    }
  }

  private int touchedSubclusters(long guestOffset, long lengthBytes) {
    int bits = clusterBits - 5;
    int from = (int) (guestOffset & (clusterSize - 1));
    int last = (int) Math.min(clusterSize, from + lengthBytes) - 1;
    int firstIndex = from >>> bits;
    int count = (last >>> bits) - firstIndex + 1;
    return (int) ((1L << count) - 1) << firstIndex;
  }

  private static long hostOffset(long entry) {
    return entry & L2Entry.OFFSET_MASK;
  }
}
