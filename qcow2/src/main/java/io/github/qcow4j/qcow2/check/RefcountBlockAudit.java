package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.refcount.RefcountTable;

/**
 * Counts the refcount blocks themselves, after everything else: a block that something else uses
 * too shows by its count. For one thread.
 */
final class RefcountBlockAudit {

  private static final long RESERVED_BITS = 511;

  private final RefcountTable table;
  private final References references;
  private final CheckTally tally;

  RefcountBlockAudit(RefcountTable table, References references, CheckTally tally) {
    this.table = table;
    this.references = references;
    this.tally = tally;
  }

  void run() {
    for (int i = 0; i < table.size(); i++) {
      long entry = table.entry(i);
      if (entry != 0) {
        audit(i, entry);
      }
    }
  }

  private void audit(int index, long entry) {
    if ((entry & RESERVED_BITS) != 0) {
      tally.report(new RefcountFinding.ReservedTableBits(index));
      return;
    }
    if ((entry & (table.blockBytes() - 1)) != 0) {
      tally.report(new RefcountFinding.MisalignedBlock(index));
      return;
    }
    long clusterIndex = Long.divideUnsigned(entry, table.blockBytes());
    if (clusterIndex >= references.clusterCount()) {
      tally.report(new RefcountFinding.BlockOutsideImage(index));
      return;
    }
    references.count(entry, table.blockBytes());
    long count = references.counts().get(clusterIndex);
    if (count != 1) {
      tally.report(new RefcountFinding.SharedBlock(index, count));
    }
  }
}
