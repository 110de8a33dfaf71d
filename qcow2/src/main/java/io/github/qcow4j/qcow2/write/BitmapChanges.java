package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.bitmap.BitmapChangeException;
import io.github.qcow4j.qcow2.bitmap.BitmapEdit;
import io.github.qcow4j.qcow2.bitmap.BitmapSource;
import io.github.qcow4j.qcow2.bitmap.BitmapsChangedException;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.HeaderRewrite;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
   * @throws BitmapsChangedException when they are made, and the storage failed only afterwards
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
    List<Run> taken = new ArrayList<>();
    BitmapStore store = new BitmapStore(file, header, count -> take(count, allocator, taken));
    List<Run> replaced = store.replaced(old, entries, tables.overlap(), tables.refcounts()::get);
    tables.requireCounted(replaced);
    Qcow2Header inFile = writer.headerInFile(header);
    store.requireHeaderRoom(
        inFile, HeaderDraft.of(inFile), entries.stream().map(BitmapEdit.Entry::bitmap).toList());
    boolean switched = false;
    try {
      BitmapStore.Stored stored = store.write(entries);
      // What the switch leads to is durable, and counted, before it.
      writer.flushAlone();
      // Counting the new clusters may have moved the refcount table.
      inFile = writer.headerInFile(header);
      HeaderRewrite.replace(
          file, inFile, HeaderDraft.of(inFile).bitmaps(stored.directory()).header());
      switched = true;
    } finally {
      if (!switched) {
        giveBack(taken, allocator);
      }
    }
    for (Run run : replaced) {
      allocator.freeLater(run.firstCluster(), run.count());
    }
    try {
      writer.flushAlone();
    } catch (IOException e) {
      throw new BitmapsChangedException(e);
    }
  }

  private static long take(long count, ClusterAllocator allocator, List<Run> taken)
      throws IOException {
    Run run = allocator.allocateContiguous(count);
    taken.add(run);
    return run.firstCluster();
  }

  /**
   * Gives back what was taken for bitmaps that did not become valid, as far as the storage lets:
   * the failure before is the one to be told. Their clusters may be counted already, and on a full
   * file system that writes nothing in place it is the header that finds no more room: then what
   * the clusters hold goes first, which makes room for counting them anew.
   */
  private void giveBack(List<Run> taken, ClusterAllocator allocator) {
    try {
      if (!isSwitchUndone()) {
        return;
      }
      for (Run run : taken) {
        long clusterSize = header.clusterSize();
        boolean _ = file.punchHole(run.firstCluster() * clusterSize, run.count() * clusterSize);
        allocator.freeLater(run.firstCluster(), run.count());
      }
      List<Run> _ = allocator.releaseFreed();
      writer.flushAlone();
    } catch (IOException | RuntimeException e) {
      // They stay lost, until a check finds them.
    }
  }

  /** Whether the header says of the bitmaps what it said, however far it has got. */
  private boolean isSwitchUndone() throws IOException {
    Qcow2Header now = HeaderParser.parse(file, true);
    return Objects.equals(now.extensions().bitmaps(), header.extensions().bitmaps());
  }

  private static void requireNone(@Nullable BitmapChangeException refusal)
      throws BitmapChangeException {
    if (refusal != null) {
      throw refusal;
    }
  }
}
