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
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes bitmap directory, tables and bits of an image to new places, and knows what the old ones
 * have. When the new ones become valid is decided elsewhere. Used by one thread, while nothing else
 * is under way on the image.
 */
final class BitmapStore {

  private final BlockFile file;
  private final Qcow2Header header;
  private final Clusters clusters;

  /** Where clusters come from. */
  @FunctionalInterface
  interface Clusters {

    /** Takes contiguous clusters, counted once each; answers the first one's index. */
    long take(long count) throws IOException;
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
   * @param clusters where clusters come from
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

  /** Where the bits of a bitmap come from. */
  @FunctionalInterface
  interface BitsSource {
    DirtyBits bitsOf(Bitmap bitmap) throws IOException;
  }

  /**
   * Writes the bits of all bitmaps anew, of one at a time: those of all together can be more than
   * fit into memory. Not durable on return.
   */
  Stored rewrite(List<Bitmap> bitmaps, BitsSource source) throws IOException {
    List<Bitmap> stored = new ArrayList<>();
    for (Bitmap bitmap : bitmaps) {
      stored.add(write(bitmap, source.bitsOf(bitmap)));
    }
    return new Stored(List.copyOf(stored), writeDirectory(stored));
  }

  /**
   * Refuses bitmaps whose header has no room, while nothing is written yet.
   *
   * @param inFile the header as it stands in the file
   * @param draft the new one, but for the bitmaps
   * @param bitmaps the bitmaps that {@link #write} is to write
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the header cluster has no room
   */
  void requireHeaderRoom(Qcow2Header inFile, HeaderDraft draft, List<Bitmap> bitmaps)
      throws IOException {
    BitmapsExtension directory = null;
    if (!bitmaps.isEmpty()) {
      BitmapsExtension old = inFile.extensions().bitmaps();
      // Where it will be is not known yet; no place differs from the old one in more bytes.
      long farthest = ~(old == null ? 0 : old.directoryOffset());
      int bytes = BitmapDirectory.encode(file.path(), bitmaps).remaining();
      directory = new BitmapsExtension(bitmaps.size(), bytes, farthest);
    }
    HeaderRewrite.requirePossible(file, inFile, draft.bitmaps(directory).header());
  }

  /**
   * The clusters that a change leaves without use: the directory, and tables and bits of bitmaps
   * that go or get other bits.
   *
   * @param old the bitmaps in use
   * @param entries what the change makes of them
   * @param overlap where the metadata is
   * @param counts how often clusters are counted
   * @throws CorruptImageException when bits would be metadata, or something else has them too: an
   *     entry that has them would be alone there then, without the copied flag
   */
  List<Run> replaced(
      List<Bitmap> old,
      List<BitmapEdit.Entry> entries,
      MetadataOverlap overlap,
      MetadataOverlap.Counts counts)
      throws IOException {
    List<Run> runs = new ArrayList<>();
    BitmapsExtension directory = header.extensions().bitmaps();
    if (directory != null) {
      addRun(directory.directoryOffset(), directory.directoryBytes(), runs);
    }
    Set<Long> keptTables = new HashSet<>();
    for (BitmapEdit.Entry entry : entries) {
      if (entry.bits() == null) {
        keptTables.add(entry.bitmap().tableOffset());
      }
    }
    Map<Long, Long> references = new HashMap<>();
    for (Bitmap bitmap : old) {
      if (!keptTables.contains(bitmap.tableOffset())) {
        addRuns(bitmap, runs, references);
      }
    }
    for (Map.Entry<Long, Long> each : references.entrySet()) {
      overlap.requireBitmapData(each.getKey(), each.getValue(), counts);
    }
    return runs;
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

  private void addRuns(Bitmap bitmap, List<Run> runs, Map<Long, Long> references)
      throws IOException {
    BitmapTable table = possibleTable(bitmap);
    for (int i = 0; table != null && i < table.size(); i++) {
      if (table.hostOffset(i) != 0) {
        references.merge(table.hostOffset(i) >>> header.clusterBits(), 1L, Long::sum);
        addRun(table.hostOffset(i), header.clusterSize(), runs);
      }
    }
    addRun(bitmap.tableOffset(), (long) bitmap.tableEntries() * Long.BYTES, runs);
  }

  /**
   * The table of a bitmap, or null when it is damaged: what its entries lead to is not known to be
   * the bitmap's, and better lost than taken away.
   */
  private @Nullable BitmapTable possibleTable(Bitmap bitmap) throws IOException {
    try {
      return BitmapTable.load(file, header, bitmap);
    } catch (CorruptImageException _) {
      return null;
    }
  }

  private void addRun(long hostOffset, long bytes, List<Run> runs) {
    runs.add(new Run(hostOffset >>> header.clusterBits(), clusters(bytes)));
  }

  private long clusters(long bytes) {
    return (bytes + header.clusterSize() - 1) >>> header.clusterBits();
  }
}
