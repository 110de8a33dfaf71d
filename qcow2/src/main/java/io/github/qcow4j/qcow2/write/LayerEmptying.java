package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.util.List;

/**
 * Makes every guest cluster of an image unallocated, in one {@link StructureSwitch}: durable on
 * return, and after a crash either done or not. Internal snapshots keep what they hold.
 */
public final class LayerEmptying {

  private final ImageWriter writer;
  private final BlockFile file;
  private final Qcow2Header header;
  private final List<InternalSnapshot> snapshots;

  /**
   * Prepares a change; one change is made with it.
   *
   * @param writer the image's writer, of no more use afterwards
   * @param file the image
   * @param header its header
   * @param snapshots its snapshots
   */
  public LayerEmptying(
      ImageWriter writer, BlockFile file, Qcow2Header header, List<InternalSnapshot> snapshots) {
    this.writer = writer;
    this.file = file;
    this.header = header;
    this.snapshots = snapshots;
  }

  /** Empties the image; the file keeps its length. */
  public void empty() throws IOException {
    writer.changeStructure(this::empty);
  }

  private void empty(L1Table active, StructureSwitch change) throws IOException {
    boolean ownsData = !header.has(Feature.EXTERNAL_DATA_FILE);
    for (int i = 0; i < active.size(); i++) {
      if ((active.entry(i) & L2Entry.OFFSET_MASK) != 0) {
        if (ownsData) {
          change.addReferences(active.entry(i), -1);
        }
        change.addTable(active.entry(i), -1);
      }
    }
    change.freeL1(active.hostOffset(), active.size());
    L1Table none = change.placeL1(new long[active.size()]);
    change.commit(header.storedSize(), none, snapshots, snapshots);
  }

  /**
   * Gives back the file's length that an emptied image does not need: tables move to the front,
   * where there is room now, and the file ends behind them. An image that holds more than its
   * header, refcounts and active L1 table stays as it is.
   */
  public void shrink() throws IOException {
    if (holdsNothingElse()) {
      writer.changeStructure((active, change) -> new FrontLayout(file, header).switchTo());
    }
  }

  /**
   * Looks what is free, before the image is emptied: where it holds nothing else, nothing is lost
   * whatever the counters say.
   */
  public FreeSpace space() throws IOException {
    return holdsNothingElse() ? FreeSpace.whateverItHolds() : FreeSpace.before(writer, header);
  }

  private boolean holdsNothingElse() {
    return snapshots.isEmpty()
        && header.extensions().bitmaps() == null
        && header.extensions().encryptionHeader() == null;
  }
}
