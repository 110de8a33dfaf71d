package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.bitmap.BitmapDirectory;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.header.UnknownBytes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.write.BitmapChanges;
import io.github.qcow4j.qcow2.write.FreeSpace;
import io.github.qcow4j.qcow2.write.HeaderChange;
import io.github.qcow4j.qcow2.write.ImageWriter;
import io.github.qcow4j.qcow2.write.LayerEmptying;
import io.github.qcow4j.qcow2.write.RefcountWidthChange;
import io.github.qcow4j.qcow2.write.SizeChange;
import io.github.qcow4j.qcow2.write.SnapshotChanges;
import io.github.qcow4j.qcow2.write.SnapshotSettling;
import io.github.qcow4j.qcow2.write.VersionChange;
import io.github.qcow4j.qcow2.write.WriterOpener;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Changes of an open image that replace whole structures of it: its snapshots, its size. What was
 * known of the image before such a change does not hold afterwards, so each ends with the image
 * opened anew, whether it succeeded or not. A change that is made is made, though, also where the
 * image cannot be opened again, for want of memory say: whoever wants more of it learns of that.
 */
final class StructureChanges {

  private final Qcow2Image image;
  private final BlockFile file;
  private final MappedLayer layer;
  private final ImageWriter writer;

  /**
   * Prepares one change.
   *
   * @param image the image
   * @param layer the image as it is before the change
   * @param writer its writer
   */
  StructureChanges(Qcow2Image image, MappedLayer layer, ImageWriter writer) {
    this.image = image;
    this.file = image.imageFile();
    this.layer = layer;
    this.writer = writer;
  }

  /** Makes all that was written durable, bitmaps included, and reads anew what that changed. */
  void settle() throws IOException {
    change(() -> {
      writer.finish();
    });
  }

  /** Answers what {@link #settleSnapshot} is to move, or -1. */
  long createSnapshot(String name, Instant date) throws IOException {
    InternalSnapshot draft =
        new InternalSnapshot(
            0,
            0,
            InternalSnapshot.nextId(layer.parts().snapshots()),
            name,
            date.getEpochSecond(),
            date.getNano(),
            0,
            0,
            layer.header().virtualSize(),
            0,
            24,
            UnknownBytes.NONE);
    AtomicLong scattered = new AtomicLong();
    changeSnapshots(changes -> scattered.set(changes.create(draft)));
    return scattered.get();
  }

  /** Moves what was written for the newest snapshot to the front. */
  void settleSnapshot(long firstCluster) throws IOException {
    change(() -> {
      new SnapshotSettling(writer, file, layer.header(), layer.parts().snapshots())
          .settle(firstCluster);
    });
  }

  void applySnapshot(InternalSnapshot wanted) throws IOException {
    if (!layer.parts().bitmaps().isEmpty()) {
      // They would know nothing of the change of the whole disk.
      throw new UnsupportedFeatureException(
          file.path(), "Device has active dirty bitmaps", Feature.BITMAPS.specificationName());
    }
    changeSnapshots(changes -> changes.apply(wanted));
  }

  void deleteSnapshot(InternalSnapshot unwanted) throws IOException {
    changeSnapshots(changes -> changes.delete(unwanted));
  }

  /**
   * Looks at all that a change of the size walks.
   *
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when some of it makes that
   *     impossible
   */
  void requireSizeCanChange(long sizeBytes) throws IOException {
    sizeChange().requirePossible(sizeBytes);
  }

  /**
   * Looks whether bitmaps can become of another size.
   *
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when what they replace is not
   *     counted
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the header has no room
   */
  void requireBitmapsCanChange(long sizeBytes) throws IOException {
    sizeChange().requireBitmapsCanChange(sizeBytes);
  }

  private SizeChange sizeChange() {
    return new SizeChange(
        writer, file, layer.header(), layer.parts().snapshots(), layer.parts().bitmaps());
  }

  /** Changes the size in the header, and the length of the L1 table with it. */
  void changeSize(long sizeBytes, int l1Entries) throws IOException {
    change(() -> {
      sizeChange().apply(sizeBytes, l1Entries);
    });
  }

  /** Changes fields and names of the header. */
  void changeHeader(HeaderChange.Edit edit) throws IOException {
    change(() -> {
      new HeaderChange(writer, file, layer.header()).apply(edit);
    });
  }

  void changeBitmaps(List<BitmapChange> changes) throws IOException {
    change(() -> {
      new BitmapChanges(writer, file, layer.header()).apply(layer.parts().bitmaps(), changes);
    });
  }

  /** Makes every cluster of the layer unallocated. */
  void empty() throws IOException {
    change(() -> {
      emptying().empty();
    });
  }

  /** Gives back what an emptied image does not need. */
  void shrinkEmptied() throws IOException {
    change(() -> {
      emptying().shrink();
    });
  }

  /** What is free, before the image is emptied. */
  FreeSpace spaceToEmpty() throws IOException {
    return emptying().space();
  }

  private LayerEmptying emptying() {
    return new LayerEmptying(writer, file, layer.header(), layer.parts().snapshots());
  }

  /** Makes version 3 of version 2. */
  void upgrade() throws IOException {
    change(() -> {
      versionChange().upgrade();
    });
  }

  /** Makes version 2 of version 3. */
  void downgrade(JobControl control) throws IOException {
    change(() -> {
      versionChange().downgrade(layer.parts().backing() != null, control);
    });
  }

  void refuseWhatVersion2CannotHold() throws UnsupportedFeatureException {
    versionChange().refuseWhatVersion2CannotHold();
  }

  private VersionChange versionChange() {
    return new VersionChange(
        writer, file, layer.header(), layer.parts().snapshots(), layer.parts().bitmaps());
  }

  /** Gives the image refcounts of another width. */
  void changeRefcountOrder(int order, JobControl control) throws IOException {
    change(() -> {
      new RefcountWidthChange(writer, file, layer.header(), order).apply(control);
    });
  }

  /** One change of the snapshots. */
  @FunctionalInterface
  private interface SnapshotChange {
    void apply(SnapshotChanges changes) throws IOException;
  }

  private void changeSnapshots(SnapshotChange change) throws IOException {
    refuseDataFile();
    change(() -> {
      change.apply(new SnapshotChanges(writer, file, layer.header(), layer.parts().snapshots()));
    });
  }

  private void refuseDataFile() throws UnsupportedFeatureException {
    if (layer.header().has(Feature.EXTERNAL_DATA_FILE)) {
      throw new UnsupportedFeatureException(
          file.path(),
          "Internal snapshots are not possible with an external data file",
          Feature.EXTERNAL_DATA_FILE.specificationName());
    }
  }

  /** One change, of whatever kind. */
  @FunctionalInterface
  private interface Change {
    void make() throws IOException;
  }

  private void change(Change change) throws IOException {
    boolean made = false;
    try {
      change.make();
      made = true;
    } finally {
      if (!made) {
        reload();
      }
    }
    try {
      reload();
    } catch (IOException | OutOfMemoryError e) {
      image.isOutdated(e);
    }
  }

  private void reload() throws IOException {
    writer.abandon();
    Qcow2Image.Parts old = layer.parts();
    Qcow2Header header = HeaderParser.parse(file, false);
    List<InternalSnapshot> snapshots = SnapshotTable.read(file, header);
    List<Bitmap> bitmaps = BitmapDirectory.read(file, header);
    ImageWriter anew =
        new WriterOpener(file, header, snapshots, bitmaps)
            .open(old.dataFile(), old.backing() != null, writer.isSyncing());
    image.becomes(
        new MappedLayer(
            file,
            header,
            new Qcow2Image.Parts(
                snapshots, bitmaps, old.dataFile(), old.backing(), old.shared(), anew),
            header.virtualSize(),
            null));
  }
}
