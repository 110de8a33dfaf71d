package io.github.qcow4j.qcow2.bitmap;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.TableBounds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Reads the bits of a stored bitmap (qcow2 specification, "Bitmap data"). */
public final class BitmapData {

  private BitmapData() {}

  /**
   * Requires that the bits of all bitmaps together are not more than any image needs; each cluster
   * counts as often as it is named, and if it lies in a hole.
   *
   * @throws LimitExceededException when they are
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when a table contradicts the format
   */
  public static void requireReadable(BlockFile file, Qcow2Header header, List<Bitmap> bitmaps)
      throws IOException {
    long bytes = 0;
    long walkable = TableBounds.walkableBytes(file);
    for (Bitmap bitmap : bitmaps) {
      bytes += BitmapTable.load(file, header, bitmap).usedEntries() * (long) header.clusterSize();
      if (bytes > walkable) {
        throw new LimitExceededException(
            file.path(),
            "The bits of all bitmaps would have to be read and written, more than "
                + walkable
                + " bytes",
            "bytes of bitmap data",
            walkable);
      }
    }
  }

  /**
   * Loads all bits of a bitmap whose table fits the disk, as that of every bitmap does that is not
   * in use.
   *
   * @param file the image
   * @param header its header
   * @param bitmap the bitmap, as the directory has it
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when its table contradicts the
   *     format
   */
  public static DirtyBits load(BlockFile file, Qcow2Header header, Bitmap bitmap)
      throws IOException {
    DirtyBits bits =
        new DirtyBits(header.virtualSize(), bitmap.granularityBits(), header.clusterSize());
    BitmapTable table = BitmapTable.load(file, header, bitmap);
    // None for a bitmap without: there may be 65,535 of them, with clusters of 2 MiB.
    byte[] stored = {};
    for (int i = 0; i < Math.min(table.size(), bits.chunkCount()); i++) {
      if (table.hostOffset(i) != 0) {
        stored = stored.length == 0 ? new byte[header.clusterSize()] : stored;
        file.readPadded(ByteBuffer.wrap(stored), table.hostOffset(i));
        bits.addStored(i, stored);
      } else if (table.isAllOnes(i)) {
        bits.addAll(i);
      }
    }
    return bits;
  }
}
