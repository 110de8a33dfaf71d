package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapDirectory;
import io.github.qcow4j.qcow2.bitmap.BitmapEdit;
import io.github.qcow4j.qcow2.bitmap.BitmapTable;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes bitmap directory, tables and bits of an image to new places, and gives the old ones back.
 * When the new ones become valid is decided elsewhere. Used by one thread, while nothing else is
 * under way on the image.
 */
final class BitmapStore {

  private final BlockFile file;
  private final Qcow2Header header;
  private final Clusters clusters;

  /** Where clusters come from and go to. */
  interface Clusters {

    /** Takes contiguous clusters, counted once each; answers the first one's index. */
    long take(long count) throws IOException;

    /** Gives clusters back that nothing valid will refer to. */
    void giveBack(long firstCluster, long count) throws IOException;
  }

  /**
   * Bitmaps as they are written.
   *
   * @param bitmaps their directory entries
   * @param directory where the directory is, or null when there is none
   */
  record Stored(List<Bitmap> bitmaps, @Nullable BitmapsExtension directory) {}

  /**
   * @param file the image
   * @param header its header, with the bitmaps that are in use
   * @param clusters where clusters come from and go to
   */
  BitmapStore(BlockFile file, Qcow2Header header, Clusters clusters) {
    this.file = file;
    this.header = header;
    this.clusters = clusters;
  }

  /** Writes bitmaps; not durable on return. */
  Stored write(List<BitmapEdit.Entry> entries) throws IOException {
    List<Bitmap> stored = new ArrayList<>();
    for (BitmapEdit.Entry entry : entries) {
      DirtyBits bits = entry.bits();
      stored.add(bits == null ? entry.bitmap() : write(entry.bitmap(), bits));
    }
    return new Stored(List.copyOf(stored), writeDirectory(stored));
  }

  /** Gives back what other bitmaps have now replaced. */
  void giveBack(List<Bitmap> old, Stored replacement) throws IOException {
    BitmapsExtension directory = header.extensions().bitmaps();
    if (directory != null) {
      clusters.giveBack(
          clusterOf(directory.directoryOffset()), clusters(directory.directoryBytes()));
    }
    for (Bitmap bitmap : old) {
      boolean kept =
          replacement.bitmaps.stream().anyMatch(each -> each.tableOffset() == bitmap.tableOffset());
      if (!kept) {
        giveBack(bitmap);
      }
    }
  }

  private @Nullable BitmapsExtension writeDirectory(List<Bitmap> bitmaps) throws IOException {
    if (bitmaps.isEmpty()) {
      return null;
    }
    ByteBuffer directory = BitmapDirectory.encode(file.path(), bitmaps);
    int bytes = directory.remaining();
    long home = allocate(clusters(bytes));
    file.write(directory, home);
    return new BitmapsExtension(bitmaps.size(), bytes, home);
  }

  /** Writes the bits of a bitmap and a table for them. */
  private Bitmap write(Bitmap bitmap, DirtyBits bits) throws IOException {
    int count = bits.chunkCount();
    ByteBuffer table = ByteBuffer.allocate(count * Long.BYTES);
    for (int i = 0; i < bits.chunkCount(); i++) {
      table.putLong(bits.hasAny(i) ? writeChunk(bits, i) : 0);
    }
    table.clear();
    long home = allocate(clusters(table.remaining()));
    file.write(table, home);
    return bitmap.withTable(home, count);
  }

  private long writeChunk(DirtyBits bits, int index) throws IOException {
    byte[] chunk = bits.chunk(index);
    long home = allocate(1);
    file.write(ByteBuffer.wrap(chunk == null ? new byte[header.clusterSize()] : chunk), home);
    return home;
  }

  private long allocate(long count) throws IOException {
    return clusters.take(count) << header.clusterBits();
  }

  private void giveBack(Bitmap bitmap) throws IOException {
    try {
      BitmapTable table = BitmapTable.load(file, header, bitmap);
      for (int i = 0; i < table.size(); i++) {
        if (table.hostOffset(i) != 0) {
          clusters.giveBack(clusterOf(table.hostOffset(i)), 1);
        }
      }
    } catch (CorruptImageException e) {
      // What its entries lead to is not known to be the bitmap's: better lost than taken away.
    }
    long tableBytes = (long) bitmap.tableEntries() * Long.BYTES;
    clusters.giveBack(clusterOf(bitmap.tableOffset()), clusters(tableBytes));
  }

  private long clusterOf(long hostOffset) {
    return hostOffset >>> header.clusterBits();
  }

  private long clusters(long bytes) {
    return (bytes + header.clusterSize() - 1) >>> header.clusterBits();
  }
}
