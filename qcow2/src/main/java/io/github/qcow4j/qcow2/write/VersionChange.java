package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.HeaderRewrite;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Changes the version of an image, in one {@link StructureSwitch}: durable on return, and after a
 * crash either done or not.
 */
public final class VersionChange {

  private static final int OLD_REFCOUNT_ORDER = 4;

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
   * @param snapshots its snapshots
   * @param bitmaps its bitmaps
   */
  public VersionChange(
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

  /** Makes version 3 of version 2, which has all that version 2 has. */
  public void upgrade() throws IOException {
    requireHeaderRoom(3);
    writer.changeStructureInGaps((active, change) ->
        change.commit(
            HeaderDraft.of(header).version(3),
            active,
            snapshots,
            snapshots.stream().map(snapshot -> snapshot.complete(header.virtualSize())).toList()));
  }

  /**
   * Makes version 2 of version 3. Zero clusters become what version 2 has: unallocated ones without
   * a backing file, else clusters of zeros. Bitmaps, which version 2 has not, are given back.
   *
   * @param hasBacking whether there is a backing file
   * @param control told of every entry of an L1 table
   * @throws UnsupportedFeatureException when the image has what version 2 cannot hold
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the L1 tables of snapshots are
   *     too large together
   */
  public void downgrade(boolean hasBacking, JobControl control) throws IOException {
    refuseWhatVersion2CannotHold();
    requireHeaderRoom(2);
    writer.changeStructureInGaps(
        (active, change) -> downgrade(active, change, hasBacking, control));
  }

  /** Tables are written before the header is: what refuses it has to be known by then. */
  private void requireHeaderRoom(int version) throws IOException {
    HeaderRewrite.requirePossible(file, header, HeaderDraft.of(header).version(version).header());
  }

  /**
   * Refuses an image that version 2 cannot hold.
   *
   * @throws UnsupportedFeatureException when it cannot
   */
  public void refuseWhatVersion2CannotHold() throws UnsupportedFeatureException {
    if (header.refcountOrder() != OLD_REFCOUNT_ORDER) {
      throw refused("compat=0.10 requires refcount_bits=16", "refcount width");
    }
    if (header.has(Feature.EXTERNAL_DATA_FILE)) {
      throw refused(
          "Cannot downgrade an image with a data file",
          Feature.EXTERNAL_DATA_FILE.specificationName());
    }
    for (InternalSnapshot snapshot : snapshots) {
      if (snapshot.vmStateBytes() >>> Integer.SIZE != 0
          || (snapshot.saysSize() && snapshot.diskBytes() != header.virtualSize())) {
        throw refused("Internal snapshots prevent downgrade of image", "snapshot sizes");
      }
    }
    // Where nothing is compressed, the type of compression is no matter: see ZeroExpansion.
    long others = header.incompatibleFeatures() & ~Feature.COMPRESSION_TYPE.mask();
    if (others != 0) {
      throw refused(
          "Cannot downgrade an image with incompatible features 0x"
              + Long.toHexString(others)
              + " set",
          "incompatible features");
    }
  }

  private UnsupportedFeatureException refused(String message, String feature) {
    return new UnsupportedFeatureException(file.path(), message, feature);
  }

  private void downgrade(
      L1Table active, StructureSwitch change, boolean hasBacking, JobControl control)
      throws IOException {
    control.expect(active.size() + SnapshotTable.requireFewL1Entries(file, snapshots));
    for (InternalSnapshot snapshot : snapshots) {
      // Damage is met before anything is changed; all tables together need not fit into memory.
      var _ = SnapshotL1.load(file, header, snapshot);
    }
    ZeroExpansion expansion = new ZeroExpansion(file, header, hasBacking, change, control);
    long[] own = active.copyOfEntries(active.size());
    long[] expanded = expansion.expand(own);
    List<InternalSnapshot> moved = new ArrayList<>();
    for (InternalSnapshot snapshot : snapshots) {
      moved.add(
          expandSnapshot(snapshot, SnapshotL1.load(file, header, snapshot), expansion, change));
    }
    L1Table forDisk = active;
    boolean snapshotsChanged = !moved.equals(snapshots);
    if (!Arrays.equals(expanded, own) || snapshotsChanged) {
      for (int i = 0; i < expanded.length; i++) {
        if ((expanded[i] & L2Entry.OFFSET_MASK) != 0) {
          // A cluster that was shared may be alone now.
          expanded[i] = change.l1EntryFor(change.withRightFlags(expanded[i]));
        }
      }
      change.freeL1(active.hostOffset(), active.size());
      forDisk = change.placeL1(expanded);
    }
    ShadowRefcounts refcounts = change.refcounts();
    BitmapStore store = new BitmapStore(file, header, refcounts::allocate);
    for (Run run : store.replaced(bitmaps, List.of(), change.overlap(), refcounts::get)) {
      refcounts.add(run.firstCluster(), run.count(), -1);
    }
    change.commit(HeaderDraft.of(header).version(2), forDisk, snapshots, moved);
  }

  private static InternalSnapshot expandSnapshot(
      InternalSnapshot snapshot, L1Table table, ZeroExpansion expansion, StructureSwitch change)
      throws IOException {
    long[] old = table.copyOfEntries(table.size());
    long[] expanded = expansion.expand(old);
    if (Arrays.equals(expanded, old)) {
      return snapshot;
    }
    change.freeL1(snapshot.l1TableOffset(), snapshot.l1Entries());
    L1Table written = change.placeL1(expanded);
    return snapshot.withL1(written.hostOffset(), written.size());
  }
}
