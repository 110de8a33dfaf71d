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
  private final boolean repairing;
  private boolean unusable;

  /**
   * @param repairing whether all refcounts may be written anew where blocks are unusable
   */
  RefcountBlockAudit(
      RefcountTable table, References references, CheckTally tally, boolean repairing) {
    this.table = table;
    this.references = references;
    this.tally = tally;
    this.repairing = repairing;
  }

  void run() {
    for (int i = 0; i < table.size(); i++) {
      long entry = table.entry(i);
      if (entry != 0) {
        audit(i, entry);
      }
    }
  }

  /** Whether some block cannot be put right where it stands. */
  boolean foundUnusable() {
    return unusable;
  }

  private void audit(int index, long entry) {
    if ((entry & RESERVED_BITS) != 0) {
      tally.report(new RefcountFinding.ReservedTableBits(index));
      unusable = true;
      return;
    }
    if ((entry & (table.blockBytes() - 1)) != 0) {
      tally.report(new RefcountFinding.MisalignedBlock(index));
      unusable = true;
      return;
    }
    long clusterIndex = Long.divideUnsigned(entry, table.blockBytes());
    if (clusterIndex >= references.clusterCount()) {
      CheckFinding finding = new RefcountFinding.BlockOutsideImage(index);
      tally.report(repairing ? new RepairFinding.Repairing(finding) : finding);
      unusable |= repairing;
      return;
    }
    references.count(entry, table.blockBytes());
    long count = references.counts().get(clusterIndex);
    if (count != 1) {
      tally.report(new RefcountFinding.SharedBlock(index, count));
      unusable = true;
    }
  }
}
