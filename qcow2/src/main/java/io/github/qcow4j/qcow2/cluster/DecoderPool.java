package io.github.qcow4j.qcow2.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.CompressionType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Decoders of compressed clusters for all layers of a chain and all threads that read it. There are
 * never more decoders of a kind than reads under way at once; idle ones beyond two a processor are
 * let go. Safe for use by many threads.
 */
public final class DecoderPool implements AutoCloseable {

  /**
   * Twice as many as {@linkplain io.github.qcow4j.qcow2.transfer.PieceThreads#useful threads of a
   * job}, or as many where there is one processor: none is made anew for each read. From zlib to
   * raw, 256 MiB took 0.50 to 0.56 s of processor time at best with one, two and four a processor,
   * 0.56 to 0.71 s in the median, the runs of each as far apart.
   */
  private final int idlePerKind = 2 * Runtime.getRuntime().availableProcessors();

  @GuardedBy("this")
  private final Map<Kind, List<ClusterDecoder>> idle = new HashMap<>();

  @GuardedBy("this")
  private boolean closed;

  private record Kind(CompressionType type, int clusterSize) {}

  /**
   * Fills {@code target} from a compressed cluster.
   *
   * @param file the image
   * @param type how its clusters are compressed
   * @param clusterSize its cluster size in bytes
   * @param generation a number that changes when compressed clusters of the image are written, so
   *     that one decoded before is not taken for another that stands there now; 0 where none ever
   *     are
   * @param where the part of the cluster that is wanted; its length is what remains of {@code
   *     target}
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when the cluster cannot be decoded
   * @throws UnsupportedFeatureException when the library that decodes cannot be loaded
   */
  public void read(
      BlockFile file,
      CompressionType type,
      int clusterSize,
      long generation,
      Mapping.Compressed where,
      ByteBuffer target)
      throws IOException {
    Kind kind = new Kind(type, clusterSize);
    ClusterDecoder decoder = borrow(kind, file, where.hostOffset(), generation);
    try {
      decoder.read(file, where, generation, target);
    } finally {
      giveBack(kind, decoder);
    }
  }

  private ClusterDecoder borrow(Kind kind, BlockFile file, long hostOffset, long generation)
      throws UnsupportedFeatureException {
    synchronized (this) {
      List<ClusterDecoder> decoders = idle.computeIfAbsent(kind, k -> new ArrayList<>());
      for (int i = decoders.size() - 1; i >= 0; i--) {
        if (decoders.get(i).holds(file, hostOffset, generation)) {
          return decoders.remove(i);
        }
      }
      for (int i = decoders.size() - 1; i >= 0; i--) {
        if (decoders.get(i).isNear(file, hostOffset, generation)) {
          return decoders.remove(i);
        }
      }
      if (!decoders.isEmpty()) {
        return decoders.removeLast();
      }
    }
    return new ClusterDecoder(kind.type, kind.clusterSize, file.path());
  }

  private void giveBack(Kind kind, ClusterDecoder decoder) {
    synchronized (this) {
      List<ClusterDecoder> decoders = idle.computeIfAbsent(kind, k -> new ArrayList<>());
      if (!closed && decoders.size() < idlePerKind) {
        decoders.add(decoder);
        return;
      }
    }
    decoder.close();
  }

  /** Releases the idle decoders; those in use are released when their reads end. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      idle.values().forEach(decoders -> decoders.forEach(ClusterDecoder::close));
      idle.clear();
    }
  }
}
