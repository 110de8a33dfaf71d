package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapData;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes the number of L1 entries and the size of a disk in one {@link StructureSwitch}: durable
 * on return, and after a crash either done or not. What shows in a disk that grows is the caller's
 * business.
 */
public final class SizeChange {

  private final ImageWriter writer;
  private final BlockFile file;
  private final Qcow2Header header;
  private final List<InternalSnapshot> snapshots;
  private final List<Bitmap> bitmaps;

  /**
   * Prepares a change; one change is made with it.
   *
   * @param writer the image's writer, of no more use afterwards
   * @param file the image
   * @param header its header
   * @param snapshots its snapshots, which keep their own sizes
   * @param bitmaps its bitmaps, none of them in use; they get the disk's size
   */
  public SizeChange(
      ImageWriter writer,
      BlockFile file,
      Qcow2Header header,
      List<InternalSnapshot> snapshots,
      List<Bitmap> bitmaps) {
    this.writer = writer;
    this.file = file;
    this.header = header;
    this.snapshots = snapshots;
    this.bitmaps = bitmaps;
  }

  /**
   * Looks at all that a change will walk, for a caller that has something to do before.
   *
   * @param sizeBytes the disk's size afterwards
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when some of it makes the change
   *     impossible; nothing is changed
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException as {@link #requireBitmapsCanChange}
   *     says
   */
  public void requirePossible(long sizeBytes) throws IOException {
    requireBitmapsCanChange(sizeBytes);
    writer.alone(tables -> {
      tables.requireL2Tables();
      List<Run> runs = replaced(tables);
      runs.add(run(header.l1TableOffset(), (long) header.l1Entries() * Long.BYTES));
      tables.requireCounted(runs);
      new CountsBehind(tables, header).require(sizeBytes);
    });
  }

  /** The clusters that every change takes from the bitmaps, and from what is written with them. */
  private List<Run> replaced(MutableTables tables) throws IOException {
    BitmapData.requireReadable(file, header, bitmaps);
    for (Bitmap bitmap : bitmaps) {
      // Damage is met before anything is changed.
      var _ = BitmapData.load(file, header, bitmap);
    }
    List<Run> runs =
        new ArrayList<>(
            new BitmapStore(file, header, count -> 0)
                .replaced(bitmaps, List.of(), tables.overlap(), tables.refcounts()::get));
    runs.add(
        run(
            header.refcountTableOffset(),
            (long) header.refcountTableClusters() << header.clusterBits()));
    runs.add(run(header.snapshotsOffset(), SnapshotTable.encodedBytes(snapshots)));
    return runs;
  }

  /**
   * Looks whether bitmaps can be of another size: they are written before the rest is settled, and
   * the header leads to them, which is a new header; without bitmaps it stays as it is but for its
   * numbers. For a caller that has something to do before.
   *
   * @param sizeBytes the disk's size afterwards
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when what is replaced is not
   *     counted; nothing is changed
   * @throws LimitExceededException when the header's cluster has no room, or there are more bits to
   *     write than any image needs; nothing is changed
   */
  public void requireBitmapsCanChange(long sizeBytes) throws IOException {
    if (changesBitmaps(sizeBytes)) {
      writer.alone(tables -> {
        tables.requireCounted(replaced(tables));
        Qcow2Header inFile = writer.headerInFile(header);
        new BitmapStore(file, header, count -> 0)
            .requireHeaderRoom(inFile, HeaderDraft.of(inFile).size(sizeBytes), bitmaps);
      });
    }
  }

  private Run run(long hostOffset, long bytes) {
    return new Run(
        hostOffset >>> header.clusterBits(),
        (bytes + header.clusterSize() - 1) >>> header.clusterBits());
  }

  /**
   * Makes the change. L2 tables behind the last L1 entry are given back with all they refer to.
   *
   * @param sizeBytes the disk's size afterwards
   * @param l1Entries the number of L1 entries afterwards, enough for that size
   */
  public void apply(long sizeBytes, int l1Entries) throws IOException {
    writer.changeStructureInGaps((active, change) -> apply(sizeBytes, l1Entries, active, change));
  }

  private void apply(long sizeBytes, int l1Entries, L1Table active, StructureSwitch change)
      throws IOException {
    boolean inPlace =
        l1Entries == active.size() || (l1Entries > active.size() && change.fits(active, l1Entries));
    if (inPlace && !changesBitmaps(sizeBytes)) {
      change.commitSize(sizeBytes, active, l1Entries);
      return;
    }
    if (l1Entries == active.size()) {
      commit(sizeBytes, active, change);
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
    commit(sizeBytes, change.placeL1(entries), change);
  }

  private boolean changesBitmaps(long sizeBytes) {
    return !bitmaps.isEmpty() && sizeBytes != header.virtualSize();
  }

  private void commit(long sizeBytes, L1Table l1, StructureSwitch change) throws IOException {
    if (!changesBitmaps(sizeBytes)) {
      change.commit(sizeBytes, l1, snapshots, snapshots);
      return;
    }
    ShadowRefcounts refcounts = change.refcounts();
    BitmapStore store = new BitmapStore(file, header, refcounts::allocate);
    for (Run run : store.replaced(bitmaps, List.of(), change.overlap(), refcounts::get)) {
      refcounts.add(run.firstCluster(), run.count(), -1);
    }
    BitmapStore.Stored stored =
        store.rewrite(bitmaps, bitmap -> BitmapData.load(file, header, bitmap).resized(sizeBytes));
    HeaderDraft draft = HeaderDraft.of(change.header()).size(sizeBytes).bitmaps(stored.directory());
    change.commit(draft, l1, snapshots, snapshots);
  }
}
