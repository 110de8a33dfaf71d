package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;

/**
 * The clusters of one piece, compressed by one thread, and stored when it is its turn. Used for one
 * piece after the other.
 */
final class CompressedBatch implements AutoCloseable {

  /** In place of a stream's length; what is left as it is has none. */
  private static final int ZERO = 0;

  private static final int PLAIN = -1;

  /** The shortest stream. */
  private static final int STREAM = 1;

  private final CompressingTarget target;
  private final ClusterEncoder encoder;
  private final int clusterSize;
  private final boolean keepZeros;
  private final ZeroBlocks zeroBlocks;
  private final ByteBuffer streams = ByteBuffer.allocateDirect(SegmentQueue.MAX_DATA_BYTES);
  private final ByteBuffer lastCluster;
  private final int[] lengths;

  /**
   * @param target what stores the clusters
   * @param keepZeros whether clusters of zeros are stored like others
   */
  CompressedBatch(CompressingTarget target, boolean keepZeros) throws IOException {
    this.target = target;
    this.encoder = target.newEncoder();
    this.clusterSize = target.clusterSize();
    this.keepZeros = keepZeros;
    this.zeroBlocks = new ZeroBlocks(clusterSize);
    this.lastCluster = ByteBuffer.allocateDirect(clusterSize);
    this.lengths = new int[SegmentQueue.MAX_DATA_BYTES / clusterSize];
  }

  /**
   * Compresses the clusters of a piece, which begins at a cluster.
   *
   * @param offset where the piece begins on the target's disk
   * @param data its bytes
   */
  void compress(long offset, ByteBuffer data) {
    streams.clear();
    for (int i = 0; i * clusterSize < data.limit(); i++) {
      int from = i * clusterSize;
      int to = Math.min(from + clusterSize, data.limit());
      if (!keepZeros && zeroBlocks.isZero(data, from, to)) {
        lengths[i] = ZERO;
        continue;
      }
      if (to - from < clusterSize && offset + to < target.virtualSize()) {
        // The rest of the cluster is not the source's to overwrite.
        lengths[i] = PLAIN;
        continue;
      }
      int before = streams.position();
      ByteBuffer room = streams.slice(before, clusterSize - 1);
      boolean smaller = encoder.encode(wholeCluster(data, from, to), room);
      lengths[i] = smaller ? room.position() : PLAIN;
      streams.position(before + (smaller ? lengths[i] : 0));
    }
  }

  /** The disk's last cluster is filled up with zeros. */
  private ByteBuffer wholeCluster(ByteBuffer data, int from, int to) {
    if (to - from == clusterSize) {
      return data.slice(from, clusterSize);
    }
    lastCluster.clear().put(data.slice(from, to - from));
    while (lastCluster.hasRemaining()) {
      lastCluster.put((byte) 0);
    }
    return lastCluster.flip();
  }

  /** What storing found. */
  record Stored(long writtenBytes, long zeroBytes) {}

  /**
   * Stores what was compressed.
   *
   * @param offset where the piece begins on the target's disk
   * @param data the piece itself
   */
  Stored store(long offset, ByteBuffer data) throws IOException {
    streams.flip();
    int clusters = (data.limit() + clusterSize - 1) / clusterSize;
    long zeroBytes = 0;
    for (int first = 0; first < clusters; ) {
      int end = first + 1;
      while (end < clusters && way(end) == way(first)) {
        end++;
      }
      store(offset, data, first, end);
      zeroBytes += zeroBytes(data, first, end);
      first = end;
    }
    return new Stored(data.limit() - zeroBytes, zeroBytes);
  }

  /** Zeros that need not be told are passed over among streams. */
  private int way(int index) {
    return lengths[index] == ZERO && target.readsAsZeros()
        ? STREAM
        : Math.min(lengths[index], STREAM);
  }

  /** Clusters that are stored in the same way, with one call for all of them. */
  private void store(long offset, ByteBuffer data, int first, int end) throws IOException {
    int from = first * clusterSize;
    int to = Math.min(end * clusterSize, data.limit());
    switch (way(first)) {
      case PLAIN -> target.write(offset + from, data.slice(from, to - from));
      case ZERO -> target.writeZeroes(offset + from, to - from);
      default -> storeStreams(offset, first, end);
    }
  }

  private long zeroBytes(ByteBuffer data, int first, int end) {
    long bytes = 0;
    for (int i = first; i < end; i++) {
      if (lengths[i] == ZERO) {
        bytes += Math.min(clusterSize, data.limit() - i * clusterSize);
      }
    }
    return bytes;
  }

  private void storeStreams(long offset, int first, int end) throws IOException {
    int bytes = 0;
    for (int i = first; i < end; i++) {
      bytes += lengths[i];
    }
    if (bytes > 0) {
      target.writeCompressed(
          offset + (long) first * clusterSize,
          IntBuffer.wrap(lengths, first, end - first),
          streams.slice(streams.position(), bytes));
      streams.position(streams.position() + bytes);
    }
  }

  @Override
  public void close() {
    encoder.close();
  }
}
