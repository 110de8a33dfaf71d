package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.table.L2Entry;

/** What an L2 entry that is not compressed stands for. */
final class StandardEntry {

  private StandardEntry() {}

  /**
   * Whether the entry has a host cluster: an offset, or offset 0 of an external data file, which
   * only the copied flag tells from nothing. A zero cluster without an offset has none.
   */
  static boolean hasCluster(long entry, boolean externalData, boolean extended) {
    if ((entry & L2Entry.OFFSET_MASK) != 0) {
      return true;
    }
    boolean zero = !extended && (entry & L2Entry.ZERO) != 0;
    return externalData && entry < 0 && !zero;
  }
}
