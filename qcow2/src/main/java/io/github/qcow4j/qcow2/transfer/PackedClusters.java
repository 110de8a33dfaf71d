package io.github.qcow4j.qcow2.transfer;

import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * Writes data to an image, its whole clusters compressed where that makes them smaller, in two
 * steps: compressing, which takes longer than anything else and is done by all threads at once, and
 * storing, which is done in the order of the disk, so that the image does not depend on who was
 * faster. For one thread; holds native memory until it is closed.
 */
public final class PackedClusters implements AutoCloseable {

  /** In place of a stream's length. */
  private static final int PLAIN = 0;

  private final Qcow2Image image;
  private final int clusterSize;
  private final ClusterEncoder encoder;
  private final ByteBuffer streams;
  private final ByteBuffer lastCluster;

  /** Doubled when it is full: parts may be as small as the caller makes them. */
  private int[] lengths = new int[64];

  private int parts;
  private int storedParts;
  private int storedBytes;

  /**
   * Prepares for pieces of one image.
   *
   * @param image where to store
   * @param level as {@link ClusterEncoder#of} takes it
   * @param pieceBytes how much is compressed at most before it is stored
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when the library that
   *     compresses cannot be loaded
   */
  public PackedClusters(Qcow2Image image, int level, int pieceBytes) throws IOException {
    this.image = image;
    this.clusterSize = image.header().clusterSize();
    this.encoder = ClusterEncoder.of(image.header().compressionType(), level);
    this.streams = ByteBuffer.allocateDirect(Math.max(pieceBytes, clusterSize));
    this.lastCluster = ByteBuffer.allocateDirect(clusterSize);
  }

  /** Forgets what was compressed and not stored. */
  public void begin() {
    streams.clear();
    parts = 0;
    storedParts = 0;
    storedBytes = 0;
  }

  /**
   * Compresses the whole clusters of a range.
   *
   * @param guestOffset where it begins
   * @param data its bytes, a direct buffer; left as it is
   */
  public void compress(long guestOffset, ByteBuffer data) {
    long position = guestOffset;
    int from = data.position();
    while (from < data.limit()) {
      int length = partBytes(position, data.limit() - from);
      add(isWhole(position, length) ? compressOne(data.slice(from, length)) : PLAIN);
      position += length;
      from += length;
    }
  }

  private void add(int length) {
    if (parts == lengths.length) {
      lengths = Arrays.copyOf(lengths, 2 * parts);
    }
    lengths[parts++] = length;
  }

  /** A stream that is no shorter than a cluster is not worth storing. */
  private int compressOne(ByteBuffer part) {
    int start = streams.position();
    ByteBuffer room = streams.slice(start, clusterSize - 1);
    int length = encoder.encode(wholeCluster(part), room) ? room.position() : PLAIN;
    streams.position(start + length);
    return length;
  }

  /**
   * Stores a range: of those compressed, the next one. Not durable on return.
   *
   * @param guestOffset where it begins
   * @param data its bytes; consumed
   */
  public void store(long guestOffset, ByteBuffer data) throws IOException {
    long position = guestOffset;
    while (data.hasRemaining()) {
      int first = storedParts;
      boolean plain = lengths[first] == PLAIN;
      int length = 0;
      while (length < data.remaining() && (lengths[storedParts] == PLAIN) == plain) {
        length += partBytes(position + length, data.remaining() - length);
        storedParts++;
      }
      if (plain) {
        image.write(position, data.slice(data.position(), length));
      } else {
        storeStreams(position, first);
      }
      data.position(data.position() + length);
      position += length;
    }
  }

  private void storeStreams(long guestOffset, int first) throws IOException {
    int bytes = 0;
    for (int i = first; i < storedParts; i++) {
      bytes += lengths[i];
    }
    image.writeCompressed(
        guestOffset,
        IntBuffer.wrap(lengths, first, storedParts - first),
        streams.slice(storedBytes, bytes));
    storedBytes += bytes;
  }

  private int partBytes(long position, int remaining) {
    return (int) Math.min(remaining, clusterSize - (position & (clusterSize - 1)));
  }

  /** The disk's last cluster is whole when all of it that belongs to the disk is. */
  private boolean isWhole(long position, int length) {
    return (position & (clusterSize - 1)) == 0
        && (length == clusterSize || position + length == image.virtualSize());
  }

  /** The disk's last cluster is filled up with zeros. */
  private ByteBuffer wholeCluster(ByteBuffer part) {
    if (part.remaining() == clusterSize) {
      return part;
    }
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
