package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes data to an image, its whole clusters compressed where that makes them smaller. For one
 * thread; holds native memory until it is closed.
 */
final class CompressedCopy implements AutoCloseable {

  private final Qcow2Image image;
  private final int clusterSize;
  private final ClusterEncoder encoder;
  private final ByteBuffer stream;
  private final ByteBuffer lastCluster;

  CompressedCopy(Qcow2Image image) {
    this.image = image;
    this.clusterSize = image.header().clusterSize();
    this.encoder =
        ClusterEncoder.of(image.header().compressionType(), ClusterEncoder.DEFAULT_LEVEL);
    this.stream = ByteBuffer.allocateDirect(clusterSize);
    this.lastCluster = ByteBuffer.allocateDirect(clusterSize);
  }

  /**
   * Writes a range.
   *
   * @param guestOffset where
   * @param data what, a direct buffer; consumed
   */
  void write(long guestOffset, ByteBuffer data) throws IOException {
    long position = guestOffset;
    while (data.hasRemaining()) {
      long toBoundary = clusterSize - (position & (clusterSize - 1));
      int length = (int) Math.min(data.remaining(), toBoundary);
      ByteBuffer part = data.slice(data.position(), length);
      boolean toEnd = position + length == image.virtualSize();
      boolean whole = toBoundary == clusterSize && (length == clusterSize || toEnd);
      if (!whole || !writeCompressed(position, part)) {
        image.write(position, part.rewind());
      }
      data.position(data.position() + length);
      position += length;
    }
  }

  private boolean writeCompressed(long guestOffset, ByteBuffer part) throws IOException {
    ByteBuffer cluster = part.remaining() == clusterSize ? part : filledUp(part);
    boolean fits = encoder.encode(cluster, stream.clear().limit(clusterSize - 1));
    if (fits) {
      image.writeCompressed(guestOffset, stream.flip());
    }
    return fits;
  }

  /** The disk's last cluster is filled up with zeros. */
  private ByteBuffer filledUp(ByteBuffer part) {
    lastCluster.clear().put(part);
    while (lastCluster.hasRemaining()) {
      lastCluster.put((byte) 0);
    }
    return lastCluster.flip();
  }

  @Override
  public void close() {
    encoder.close();
  }
}
