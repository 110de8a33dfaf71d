package io.github.qcow4j.qcow2.cluster;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.CompressionType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads compressed clusters of one cluster size and compression type, and remembers the last one,
 * so that many small reads inside a cluster decode it once. One thread at a time.
 */
final class ClusterDecoder implements AutoCloseable {

  private final int clusterSize;
  private final ClusterCodec codec;
  private final StreamWindow window;
  private final ByteBuffer cluster;
  private @Nullable BlockFile heldFile;
  private long heldOffset = -1;
  private long heldGeneration;

  ClusterDecoder(CompressionType type, int clusterSize, Path image)
      throws UnsupportedFeatureException {
    this.clusterSize = clusterSize;
    this.codec = ClusterCodec.of(type, image);
    this.window = new StreamWindow(clusterSize);
    this.cluster = ByteBuffer.allocateDirect(clusterSize);
  }

  /** Whether the cluster decoded last is this one. */
  boolean holds(BlockFile file, long hostOffset, long generation) {
    return heldOffset == hostOffset && heldGeneration == generation && file.equals(heldFile);
  }

  /** Whether a cluster's stream stands near the one decoded last. */
  boolean isNear(BlockFile file, long hostOffset, long generation) {
    return window.isNear(file, hostOffset, generation);
  }

  /** Copies a part of a compressed cluster to {@code target}, whose remaining bytes it fills. */
  void read(BlockFile file, Mapping.Compressed where, long generation, ByteBuffer target)
      throws IOException {
    if (!holds(file, where.hostOffset(), generation)) {
      boolean whole = target.isDirect() && target.remaining() == clusterSize;
      if (whole) {
        // The target's position tells how far reading came, and a damaged cluster yields nothing.
        decode(file, where, generation, target.slice());
        target.position(target.limit());
        return;
      }
      heldOffset = -1;
      decode(file, where, generation, cluster.clear());
      heldFile = file;
      heldOffset = where.hostOffset();
      heldGeneration = generation;
    }
    target.put(cluster.duplicate().clear().slice(where.offsetInCluster(), target.remaining()));
  }

  private void decode(BlockFile file, Mapping.Compressed where, long generation, ByteBuffer into)
      throws IOException {
    // A file that ends before the descriptor's last sector does reads on as zeros.
    ByteBuffer stream = window.take(file, where.hostOffset(), where.maxBytes(), generation);
    try {
      codec.decode(stream, into);
    } catch (ClusterCodec.BadStreamException e) {
      throw new CorruptImageException(
          file.path(),
          "Compressed cluster at offset 0x"
              + Long.toHexString(where.hostOffset())
              + " cannot be decoded: "
              + e.getMessage(),
          "compressed cluster",
          where.hostOffset());
    }
  }

  @Override
  public void close() {
    codec.close();
  }
}
