package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.util.List;

/**
 * Changes the number of L1 entries and the size of a disk in one {@link StructureSwitch}: durable
 * on return, and after a crash either done or not. What shows in a disk that grows is the caller's
 * business.
 */
public final class SizeChange {

  private final ImageWriter writer;
  private final List<InternalSnapshot> snapshots;

  /**
   * Prepares a change; one change is made with it.
   *
   * @param writer the image's writer, of no more use afterwards
   * @param snapshots its snapshots, which keep their own sizes
   */
  public SizeChange(ImageWriter writer, List<InternalSnapshot> snapshots) {
    this.writer = writer;
    this.snapshots = snapshots;
  }

  /**
   * Makes the change. L2 tables behind the last L1 entry are given back with all they refer to.
   *
   * @param sizeBytes the disk's size afterwards
   * @param l1Entries the number of L1 entries afterwards, enough for that size
   */
  public void apply(long sizeBytes, int l1Entries) throws IOException {
    writer.changeStructure((active, change) -> apply(sizeBytes, l1Entries, active, change));
  }

  private void apply(long sizeBytes, int l1Entries, L1Table active, StructureSwitch change)
      throws IOException {
    if (l1Entries == active.size()
        || (l1Entries > active.size() && change.fits(active, l1Entries))) {
      change.commitSize(sizeBytes, active, l1Entries);
      return;
    }
    for (int i = l1Entries; i < active.size(); i++) {
      if ((active.entry(i) & L2Entry.OFFSET_MASK) != 0) {
        change.addTree(active.entry(i), -1);
      }
    }
    long[] entries = active.copyOfEntries(l1Entries);
    if (!snapshots.isEmpty()) {
      // What was shared with a given back table may be alone now.
      for (int i = 0; i < Math.min(l1Entries, active.size()); i++) {
        if ((entries[i] & L2Entry.OFFSET_MASK) != 0) {
          entries[i] = change.l1EntryFor(change.withRightFlags(entries[i]));
        }
      }
    }
    change.freeL1(active.hostOffset(), active.size());
    change.commit(sizeBytes, change.writeL1(entries), snapshots, snapshots);
  }
}
