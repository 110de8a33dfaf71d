package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Takes, applies and deletes internal snapshots (qcow2 specification, "Snapshots"). Each is one
 * {@link StructureSwitch}: durable on return, and after a crash either done or not.
 */
public final class SnapshotChanges {

  private final ImageWriter writer;
  private final BlockFile file;
  private final Qcow2Header header;
  private final List<InternalSnapshot> snapshots;
  private long settling = -1;

  /**
   * Prepares a change; one change is made with it.
   *
   * @param writer the image's writer, of no more use afterwards
   * @param file the image
   * @param header its header
   * @param snapshots its snapshots
   */
  public SnapshotChanges(
      ImageWriter writer, BlockFile file, Qcow2Header header, List<InternalSnapshot> snapshots) {
    this.writer = writer;
    this.file = file;
    this.header = header;
    this.snapshots = snapshots;
  }

  /**
   * Takes a snapshot of the disk as it is. Data stay where they are; from now on both share them.
   *
   * @param draft the new table entry; its L1 table is put in here
   * @return the first cluster of the new structures where {@link SnapshotSettling} is to move them,
   *     or -1
   */
  public long create(InternalSnapshot draft) throws IOException {
    List<InternalSnapshot> all = new ArrayList<>(snapshots);
    all.add(draft);
    writer.changeStructure((active, change) -> {
      settling = leaveRoom(all, active, change);
      create(draft, active, change);
    });
    return settling;
  }

  /**
   * Leaves as many clusters free as the image will have more in the end, or, where nothing is moved
   * afterwards, sees to it that free clusters are used first.
   */
  private static long leaveRoom(List<InternalSnapshot> all, L1Table active, StructureSwitch change)
      throws IOException {
    int tables = 0;
    for (int i = 0; i < active.size(); i++) {
      tables += (active.entry(i) & L2Entry.OFFSET_MASK) == 0 ? 0 : 1;
    }
    long more = change.l1Clusters(active.size()) + change.tableClusters(all);
    boolean worthIt = active.size() > 0 && tables <= SnapshotSettling.MAX_TABLES;
    if (!worthIt) {
      change.refcounts().fillGaps();
      return -1;
    }
    return change.refcounts().skip(more);
  }

  private void create(InternalSnapshot draft, L1Table active, StructureSwitch change)
      throws IOException {
    int needed = (int) header.l1EntriesFor(header.virtualSize());
    long[] shared = new long[active.size()];
    long[] own = new long[active.size()];
    for (int i = 0; i < active.size(); i++) {
      long entry = active.entry(i);
      if ((entry & L2Entry.OFFSET_MASK) == 0) {
        continue;
      }
      if (i >= needed) {
        // Guest state behind the disk's end goes to the snapshot and leaves the disk.
        shared[i] = entry & L2Entry.OFFSET_MASK;
        continue;
      }
      change.addReferences(entry, 1);
      shared[i] = change.withRightFlags(entry);
      own[i] = shared[i];
      change.addTable(shared[i], 1);
    }
    change.freeL1(active.hostOffset(), active.size());
    L1Table forSnapshot = change.placeL1(shared);
    L1Table forDisk = change.placeL1(own);
    List<InternalSnapshot> all = new ArrayList<>(snapshots);
    all.add(draft.withL1(forSnapshot.hostOffset(), forSnapshot.size()));
    change.commit(header.storedSize(), forDisk, snapshots, all);
  }

  /**
   * Makes the disk what a snapshot holds, its size included. What the disk held is lost, unless
   * another snapshot holds it.
   *
   * @throws CorruptImageException when its size is no whole number of sectors; nothing is changed
   *     then, as with the next
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when its disk is larger than any
   *     may be
   */
  public void apply(InternalSnapshot wanted) throws IOException {
    writer.changeStructureInGaps((active, change) -> apply(wanted, active, change));
  }

  private void apply(InternalSnapshot wanted, L1Table active, StructureSwitch change)
      throws IOException {
    L1Table source = SnapshotL1.load(file, header, wanted);
    SnapshotTable.checkDiskSize(file.path(), header, wanted);
    long size = wanted.virtualSize(header.virtualSize());
    for (int i = 0; i < source.size(); i++) {
      if ((source.entry(i) & L2Entry.OFFSET_MASK) != 0) {
        change.overlap().requireTableApart(source.entry(i) & L2Entry.OFFSET_MASK);
      }
      change.addTree(source.entry(i), 1);
    }
    for (int i = 0; i < active.size(); i++) {
      change.addTree(active.entry(i), -1);
    }
    int entries = (int) Math.max(source.size(), header.l1EntriesFor(size));
    long[] own = new long[entries];
    for (int i = 0; i < source.size(); i++) {
      own[i] = normalised(source.entry(i), change);
    }
    change.freeL1(active.hostOffset(), active.size());
    change.commit(size, change.placeL1(own), snapshots, snapshots);
  }

  /** Deletes a snapshot; what nothing else refers to is free afterwards. */
  public void delete(InternalSnapshot unwanted) throws IOException {
    writer.changeStructureInGaps((active, change) -> delete(unwanted, active, change));
  }

  private void delete(InternalSnapshot unwanted, L1Table active, StructureSwitch change)
      throws IOException {
    List<InternalSnapshot> rest = new ArrayList<>(snapshots);
    if (!rest.remove(unwanted)) {
      throw new CorruptImageException(
          null, "Snapshot " + unwanted.id() + " is not in the table", "snapshot table", -1);
    }
    L1Table source = SnapshotL1.load(file, header, unwanted);
    for (int i = 0; i < source.size(); i++) {
      change.addTree(source.entry(i), -1);
    }
    change.freeL1(source.hostOffset(), source.size());
    long[] own = new long[active.size()];
    for (int i = 0; i < own.length; i++) {
      own[i] = normalised(active.entry(i), change);
    }
    L1Table forDisk = active;
    if (!Arrays.equals(own, active.copyOfEntries(active.size()))) {
      change.freeL1(active.hostOffset(), active.size());
      forDisk = change.placeL1(own);
    }
    change.commit(header.storedSize(), forDisk, snapshots, rest);
  }

  private static long normalised(long l1Entry, StructureSwitch change) throws IOException {
    return (l1Entry & L2Entry.OFFSET_MASK) == 0
        ? 0
        : change.l1EntryFor(change.withRightFlags(l1Entry));
  }
}
