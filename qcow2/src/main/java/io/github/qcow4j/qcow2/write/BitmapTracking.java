package io.github.qcow4j.qcow2.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapTable;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Keeps up to date the bitmaps of an image that follow every write.
 *
 * <p>Before the first write each of them is marked "in use" in the file, durably: from then on its
 * stored bits are not to be trusted. What is written is marked in memory only. {@link #store} adds
 * these marks to the stored bits, which may be changed in their places now, and last of all takes
 * the mark "in use" away. A program that dies before leaves it, and all who come later can see that
 * the bitmap missed something.
 *
 * <p>Any number of threads may call {@link #touch}; the rest is for one thread, while nothing else
 * is under way.
 */
final class BitmapTracking {

  private final BlockFile file;
  private final Qcow2Header header;
  private final List<Followed> followed = new ArrayList<>();

  /**
   * What was written since the bitmaps were stored, by binary logarithm of their granularity: those
   * that are equally coarse miss the same, and there may be 65,535 of them.
   */
  private final Map<Integer, DirtyBits> added = new TreeMap<>();

  private final Object lock = new Object();

  @GuardedBy("lock")
  private boolean inUse;

  /** A bitmap, where its flags stand in the file, and what was written since it was stored. */
  private record Followed(Bitmap bitmap, long flagsOffset, DirtyBits added) {}

  BitmapTracking(BlockFile file, Qcow2Header header, List<Bitmap> bitmaps) {
    this.file = file;
    this.header = header;
    BitmapsExtension extension = header.extensions().bitmaps();
    long position = extension == null ? 0 : extension.directoryOffset();
    for (Bitmap bitmap : bitmaps) {
      // One that is in use already missed something: no later mark makes it complete.
      if (bitmap.auto() && !bitmap.inUse()) {
        DirtyBits bits = added.computeIfAbsent(bitmap.granularityBits(), this::noBits);
        followed.add(new Followed(bitmap, position + Bitmap.FLAGS_OFFSET, bits));
      }
      position += bitmap.storedBytes();
    }
  }

  private DirtyBits noBits(int granularityBits) {
    return new DirtyBits(header.virtualSize(), granularityBits, header.clusterSize());
  }

  /**
   * Says that a range is about to change, before anything of it reaches the file.
   *
   * @param guestOffset where it begins
   * @param lengthBytes its length
   */
  void touch(long guestOffset, long lengthBytes) throws IOException {
    if (followed.isEmpty()) {
      return;
    }
    synchronized (lock) {
      if (!inUse) {
        for (Followed each : followed) {
          writeFlags(each, each.bitmap.flags() | Bitmap.FLAG_IN_USE);
        }
        file.sync();
        inUse = true;
      }
      for (DirtyBits bits : added.values()) {
        bits.setRange(guestOffset, lengthBytes);
      }
    }
  }

  /** Whether anything was written that the stored bitmaps do not know. */
  boolean mustStore() {
    synchronized (lock) {
      return inUse;
    }
  }

  /** Makes everything durable that was changed in memory, the refcounts of new clusters too. */
  @FunctionalInterface
  interface Flush {
    void run() throws IOException;
  }

  /**
   * Writes what was marked and makes the stored bitmaps trustworthy again; durable on return. A
   * bitmap whose table contradicts the format stays in use.
   *
   * @param tables where clusters for more bits come from
   * @param flush called before the file points to such a cluster
   */
  void store(MutableTables tables, Flush flush) throws IOException {
    synchronized (lock) {
      if (!inUse) {
        return;
      }
      List<Followed> complete = new ArrayList<>();
      List<NewEntry> entries = new ArrayList<>();
      for (Followed each : followed) {
        try {
          writeBits(each, tables, entries);
          complete.add(each);
        } catch (CorruptImageException e) {
          // Its mark "in use" stays, which says that it is not to be trusted.
        }
      }
      flush.run();
      for (NewEntry entry : entries) {
        file.write(entry.encoded(), entry.position);
      }
      file.sync();
      for (Followed each : complete) {
        writeFlags(each, each.bitmap.flags());
      }
      file.sync();
      added.values().forEach(DirtyBits::clear);
      inUse = false;
      // Not by looking for each: there may be 65,535.
      followed.clear();
      followed.addAll(complete);
    }
  }

  /** An entry of a bitmap table that is to lead to a new cluster. */
  private record NewEntry(long position, long hostOffset) {
    ByteBuffer encoded() {
      return ByteBuffer.allocate(Long.BYTES).putLong(hostOffset).flip();
    }
  }

  private void writeBits(Followed each, MutableTables tables, List<NewEntry> entries)
      throws IOException {
    List<NewEntry> own = new ArrayList<>();
    try {
      requireInFile(each.bitmap);
      writeBits(each, BitmapTable.load(file, header, each.bitmap), tables, own);
    } catch (CorruptImageException e) {
      for (NewEntry entry : own) {
        tables.allocator().giveBack(entry.hostOffset >>> header.clusterBits());
      }
      throw e;
    }
    entries.addAll(own);
  }

  /** An entry is written where it belongs, however far behind the end of the file that is. */
  private void requireInFile(Bitmap bitmap) throws IOException {
    long end = bitmap.tableOffset() + (long) bitmap.tableEntries() * Long.BYTES;
    long clusterMask = header.clusterSize() - 1L;
    if (end > ((file.size() + clusterMask) & ~clusterMask)) {
      throw new CorruptImageException(
          file.path(),
          "The table of a bitmap lies past the end of the file",
          "bitmap directory",
          bitmap.tableOffset());
    }
  }

  private void writeBits(Followed each, BitmapTable table, MutableTables tables, List<NewEntry> own)
      throws IOException {
    for (int i = 0; i < each.added.chunkCount(); i++) {
      byte[] chunk = each.added.chunk(i);
      long hostOffset = i < table.size() ? table.hostOffset(i) : 0;
      if (chunk == null || (i < table.size() && table.isAllOnes(i))) {
        continue;
      }
      if (hostOffset == 0) {
        hostOffset =
            tables.allocator().allocateContiguous(1).firstCluster() << header.clusterBits();
        own.add(new NewEntry(each.bitmap.tableOffset() + (long) i * Long.BYTES, hostOffset));
        // Where most bits are clear, most of it is a hole: there may be 65,535 clusters of 2 MiB.
        file.writeZeroes(hostOffset, chunk.length, true);
        write(each.added.marked(i), hostOffset);
      } else {
        addTo(hostOffset, each.added.marked(i), tables);
      }
    }
  }

  /** Adds bits to a cluster of bits in its place. */
  private void addTo(long hostOffset, DirtyBits.Marked marked, MutableTables tables)
      throws IOException {
    if (tables.refcounts().get(hostOffset >>> header.clusterBits()) != 1) {
      throw new CorruptImageException(
          file.path(), "A cluster of bits is not counted once", "bitmap table", hostOffset);
    }
    tables.overlap().requireGuestData(hostOffset >>> header.clusterBits(), 1);
    byte[] stored = new byte[marked.bytes().remaining()];
    file.readPadded(ByteBuffer.wrap(stored), hostOffset + marked.offset());
    for (int i = 0; i < stored.length; i++) {
      stored[i] |= marked.bytes().get(i);
    }
    file.write(ByteBuffer.wrap(stored), hostOffset + marked.offset());
  }

  private void write(DirtyBits.Marked marked, long hostOffset) throws IOException {
    file.write(marked.bytes(), hostOffset + marked.offset());
  }

  private void writeFlags(Followed each, int flags) throws IOException {
    file.write(ByteBuffer.allocate(Integer.BYTES).putInt(flags).flip(), each.flagsOffset);
  }
}
