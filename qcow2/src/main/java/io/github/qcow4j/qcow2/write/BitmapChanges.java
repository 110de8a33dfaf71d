package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.bitmap.BitmapChangeException;
import io.github.qcow4j.qcow2.bitmap.BitmapEdit;
import io.github.qcow4j.qcow2.bitmap.BitmapSource;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.HeaderRewrite;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Changes the bitmaps of an image. What changes is written beside what is in use; then one switch
 * of the header makes it valid, and only then the old is given back. So a power cut leaves the
 * bitmaps as they were or as they are to be, and lost clusters at the worst.
 */
public final class BitmapChanges {

  private final ImageWriter writer;
  private final BlockFile file;
  private final Qcow2Header header;

  /**
   * Prepares changes; used once.
   *
   * @param writer the image's writer, of no more use afterwards
   * @param file the image
   * @param header its header
   */
  public BitmapChanges(ImageWriter writer, BlockFile file, Qcow2Header header) {
    this.writer = writer;
    this.file = file;
    this.header = header;
  }

  /**
   * Makes the changes, one after the other, all of them durable with one switch.
   *
   * @param bitmaps the image's bitmaps
   * @param changes what to do
   * @throws BitmapChangeException when one of them makes no sense; those before it are made
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the header cluster has no room
   *     for where the bitmaps are; none of them is made then
   */
  public void apply(List<Bitmap> bitmaps, List<BitmapChange> changes) throws IOException {
    BitmapChangeException[] refusal = new BitmapChangeException[1];
    writer.alone(tables -> {
      BitmapEdit edit = new BitmapEdit(new BitmapSource(file, header, bitmaps));
      int made = 0;
      try {
        for (BitmapChange change : changes) {
          edit.apply(change);
          made++;
        }
      } catch (BitmapChangeException e) {
        refusal[0] = e;
      }
      if (made > 0) {
        replace(bitmaps, edit.entries(), tables);
      }
    });
    requireNone(refusal[0]);
  }

  private void replace(List<Bitmap> old, List<BitmapEdit.Entry> entries, MutableTables tables)
      throws IOException {
    ClusterAllocator allocator = tables.allocator();
    BitmapStore store =
        new BitmapStore(file, header, count -> allocator.allocateContiguous(count).firstCluster());
    List<Run> replaced = store.replaced(old, entries);
    tables.requireCounted(replaced);
    Qcow2Header inFile = writer.headerInFile(header);
    store.requireHeaderRoom(
        inFile, HeaderDraft.of(inFile), entries.stream().map(BitmapEdit.Entry::bitmap).toList());
    BitmapStore.Stored stored = store.write(entries);
    // What the switch leads to is durable, and counted, before it.
    writer.flushAlone();
    // Counting the new clusters may have moved the refcount table.
    inFile = writer.headerInFile(header);
    HeaderRewrite.replace(
        file, inFile, HeaderDraft.of(inFile).bitmaps(stored.directory()).header());
    for (Run run : replaced) {
      allocator.freeLater(run.firstCluster(), run.count());
    }
    writer.flushAlone();
  }

  private static void requireNone(@Nullable BitmapChangeException refusal)
      throws BitmapChangeException {
    if (refusal != null) {
      throw refusal;
    }
  }
}
