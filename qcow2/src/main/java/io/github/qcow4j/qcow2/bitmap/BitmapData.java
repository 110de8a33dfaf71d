package io.github.qcow4j.qcow2.bitmap;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads the bits of a stored bitmap (qcow2 specification, "Bitmap data"). */
public final class BitmapData {

  private BitmapData() {}

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
    byte[] stored = new byte[header.clusterSize()];
    for (int i = 0; i < Math.min(table.size(), bits.chunkCount()); i++) {
      if (table.hostOffset(i) != 0) {
        file.readPadded(ByteBuffer.wrap(stored), table.hostOffset(i));
        bits.addStored(i, stored);
      } else if (table.isAllOnes(i)) {
        bits.addAll(i);
      }
    }
    return bits;
  }
}
