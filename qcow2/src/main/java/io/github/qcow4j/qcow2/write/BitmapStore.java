package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapDirectory;
import io.github.qcow4j.qcow2.bitmap.BitmapEdit;
import io.github.qcow4j.qcow2.bitmap.BitmapTable;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderRewrite;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes bitmap directory, tables and bits of an image to new places, and gives the old ones back.
 * Used by one thread, while nothing else is under way on the image.
 */
final class BitmapStore {

  private final ImageWriter writer;
  private final ClusterAllocator allocator;
  private final BlockFile file;
  private final Qcow2Header header;

  BitmapStore(ImageWriter writer, MutableTables tables, Qcow2Header header) {
    this.writer = writer;
    this.allocator = tables.allocator();
    this.file = tables.file();
    this.header = header;
  }

  /**
   * Makes other bitmaps those of the image, by one switch of the header; durable on return.
   *
   * @param old the bitmaps as they are stored
   * @param entries the bitmaps as they are to be
   */
  void replace(List<Bitmap> old, List<BitmapEdit.Entry> entries) throws IOException {
    List<Bitmap> stored = new ArrayList<>();
    for (BitmapEdit.Entry entry : entries) {
      DirtyBits bits = entry.bits();
      stored.add(bits == null ? entry.bitmap() : write(entry.bitmap(), bits));
    }
    BitmapsExtension directory = writeDirectory(stored);
    // What the switch leads to is durable, and counted, before it.
    writer.flushAlone();
    Qcow2Header inFile = writer.headerInFile(header);
    HeaderRewrite.replace(file, inFile, HeaderDraft.of(inFile).bitmaps(directory).header());
    BitmapsExtension oldDirectory = header.extensions().bitmaps();
    if (oldDirectory != null) {
      allocator.freeLater(
          clusterOf(oldDirectory.directoryOffset()), clusters(oldDirectory.directoryBytes()));
    }
    for (Bitmap bitmap : old) {
      if (stored.stream().noneMatch(kept -> kept.tableOffset() == bitmap.tableOffset())) {
        free(bitmap);
      }
    }
    writer.flushAlone();
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
    // A bitmap of an empty disk has a table of one entry: the format has no empty tables.
    int count = Math.max(1, bits.chunkCount());
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
    return allocator.allocateContiguous(count).firstCluster() << header.clusterBits();
  }

  private void free(Bitmap bitmap) throws IOException {
    try {
      BitmapTable table = BitmapTable.load(file, header, bitmap);
      for (int i = 0; i < table.size(); i++) {
        if (table.hostOffset(i) != 0) {
          allocator.freeLater(clusterOf(table.hostOffset(i)), 1);
        }
      }
    } catch (CorruptImageException e) {
      // What its entries lead to is not known to be the bitmap's: better lost than taken away.
    }
    long tableBytes = (long) bitmap.tableEntries() * Long.BYTES;
    allocator.freeLater(clusterOf(bitmap.tableOffset()), clusters(tableBytes));
  }

  private long clusterOf(long hostOffset) {
    return hostOffset >>> header.clusterBits();
  }

  private long clusters(long bytes) {
    return (bytes + header.clusterSize() - 1) >>> header.clusterBits();
  }
}
