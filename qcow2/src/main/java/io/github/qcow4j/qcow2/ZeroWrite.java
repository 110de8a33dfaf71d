package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.write.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Makes a range of a qcow2 image zeros: whole clusters and subclusters by the tables, edges that
 * are not zeros already by writing, and everything by writing where the version has no zero
 * clusters.
 */
final class ZeroWrite {

  private final ImageWriter writer;
  private final Qcow2Image image;
  private final int clusterSize;

  ZeroWrite(Qcow2Header header, ImageWriter writer, Qcow2Image image) {
    this.writer = writer;
    this.image = image;
    this.clusterSize = header.clusterSize();
  }

  void run(long guestOffset, long lengthBytes, boolean mayUnmap) throws IOException {
    long position = guestOffset;
    long end = guestOffset + lengthBytes;
    while (position < end) {
      position += step(position, end, mayUnmap);
    }
  }

  private long step(long position, long end, boolean mayUnmap) throws IOException {
    // The disk's last cluster is whole when all of it that belongs to the disk is.
    long tablesEnd = end == image.virtualSize() ? (end + clusterSize - 1) & -clusterSize : end;
    long done = writer.zeroByTables(position, tablesEnd - position, mayUnmap);
    if (done > 0) {
      return Math.min(done, end - position);
    }
    long toBoundary = clusterSize - (position & (clusterSize - 1));
    long length = Math.min(Math.min(end - position, toBoundary), BlockFile.CALL_BYTES);
    Extent extent = image.extentAt(position, length);
    if (!extent.readsAsZeros() || needsData()) {
      image.write(position, ByteBuffer.allocateDirect((int) extent.lengthBytes()));
    }
    return extent.lengthBytes();
  }

  /** Version 2 cannot say zeros over a backing file without data of its own. */
  private boolean needsData() {
    return image.header().version() < 3 && image.backing() != null;
  }
}
