package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapData;
import io.github.qcow4j.qcow2.bitmap.BitmapEdit;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
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
    commit(sizeBytes, change.writeL1(entries), change);
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
    BitmapStore store =
        new BitmapStore(
            file,
            header,
            new BitmapStore.Clusters() {
              @Override
              public long take(long count) throws IOException {
                return refcounts.allocate(count);
              }

              @Override
              public void giveBack(long firstCluster, long count) throws IOException {
                refcounts.add(firstCluster, count, -1);
              }
            });
    List<BitmapEdit.Entry> resized = new ArrayList<>();
    for (Bitmap bitmap : bitmaps) {
      DirtyBits bits = BitmapData.load(file, header, bitmap);
      resized.add(new BitmapEdit.Entry(bitmap, bits.resized(sizeBytes)));
    }
    BitmapStore.Stored stored = store.write(resized);
    store.giveBack(bitmaps, stored);
    HeaderDraft draft = HeaderDraft.of(change.header()).size(sizeBytes).bitmaps(stored.directory());
    change.commit(draft, l1, snapshots, snapshots);
  }
}
