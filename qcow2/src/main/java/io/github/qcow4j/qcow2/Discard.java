package io.github.qcow4j.qcow2;

import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.write.ImageWriter;
import java.io.IOException;

/** Gives the storage of the whole clusters of a range back; parts of clusters stay as they are. */
final class Discard {

  private final Qcow2Header header;
  private final ImageWriter writer;
  private final Qcow2Image image;

  Discard(Qcow2Header header, ImageWriter writer, Qcow2Image image) {
    this.header = header;
    this.writer = writer;
    this.image = image;
  }

  void run(long guestOffset, long lengthBytes) throws IOException {
    if (header.version() < 3 && image.backing() != null) {
      // Without zero clusters the backing file would show again.
      return;
    }
    int clusterSize = header.clusterSize();
    long position = (guestOffset + clusterSize - 1) & -clusterSize;
    long end = guestOffset + lengthBytes;
    // The last cluster of the disk may be given back when all of it that belongs to the disk is.
    long wholeEnd =
        end == image.virtualSize() ? (end + clusterSize - 1) & -clusterSize : end & -clusterSize;
    while (position < wholeEnd) {
      position += writer.discardByTables(position, wholeEnd - position);
    }
  }
}
