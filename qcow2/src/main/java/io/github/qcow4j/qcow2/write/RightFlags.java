package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.EvenRun;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import java.io.IOException;
import java.util.Arrays;

/**
 * The entries of an L2 table with the copied flags that refcounts call for (qcow2 specification,
 * "L2 table entry": set when the refcount is exactly one). For one table after the other, and one
 * thread.
 */
final class RightFlags {

  private final Qcow2Header header;
  private final ShadowRefcounts refcounts;
  private final long[] entries;

  /** For entries out of order: host cluster, and below it the index of the entry. */
  private long[] places = {};

  private boolean changed;

  RightFlags(Qcow2Header header, ShadowRefcounts refcounts) {
    this.header = header;
    this.refcounts = refcounts;
    this.entries = new long[header.l2Entries()];
  }

  /** The entries, not a copy, as {@link #set} left them. */
  long[] entries() {
    return entries;
  }

  /** Takes the entries of a table and sets their flags right; whether some were wrong. */
  boolean set(L2Table table) throws IOException {
    table.copyEntries(0, entries, entries.length);
    changed = false;
    if (ascends()) {
      setInOrder();
    } else {
      setByPlace();
    }
    return changed;
  }

  private boolean ascends() {
    long before = 0;
    for (long entry : entries) {
      if (isStandard(entry)) {
        long hostOffset = entry & L2Entry.OFFSET_MASK;
        if (hostOffset < before) {
          return false;
        }
        before = hostOffset;
      }
    }
    return true;
  }

  private static boolean isStandard(long entry) {
    return !L2Entry.isCompressed(entry) && (entry & L2Entry.OFFSET_MASK) != 0;
  }

  private long cluster(long entry) {
    return (entry & L2Entry.OFFSET_MASK) >>> header.clusterBits();
  }

  private void setInOrder() throws IOException {
    for (int i = 0; i < entries.length; ) {
      long entry = entries[i];
      if (!isStandard(entry)) {
        setCopied(i, i + 1, false);
        i++;
        continue;
      }
      // These differ by their places alone, each right behind another.
      int most = entries.length - i;
      int end = i + EvenRun.length(entries, i, most, entry, header.clusterSize());
      while (i < end) {
        long cluster = cluster(entries[i]);
        int same = i + refcounts.sameFrom(cluster, end - i);
        setCopied(i, same, refcounts.get(cluster) == 1);
        i = same;
      }
    }
  }

  /** In the order of the file, so that each refcount block is needed but once. */
  private void setByPlace() throws IOException {
    if (places.length == 0) {
      places = new long[entries.length];
    }
    int indexBits = Integer.numberOfTrailingZeros(entries.length);
    int count = 0;
    for (int i = 0; i < entries.length; i++) {
      if (isStandard(entries[i])) {
        // The bits of a host offset above the cluster's, and those of the index: 53 together.
        places[count++] = cluster(entries[i]) << indexBits | i;
      } else {
        setCopied(i, i + 1, false);
      }
    }
    Arrays.sort(places, 0, count);
    for (int k = 0; k < count; k++) {
      int i = (int) places[k] & (entries.length - 1);
      setCopied(i, i + 1, refcounts.get(places[k] >>> indexBits) == 1);
    }
  }

  private void setCopied(int first, int end, boolean copied) {
    if (entries[first] < 0 == copied) {
      return;
    }
    for (int i = first; i < end; i++) {
      entries[i] ^= L2Entry.COPIED;
    }
    changed = true;
  }
}
