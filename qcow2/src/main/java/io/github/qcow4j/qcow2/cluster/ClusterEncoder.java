package io.github.qcow4j.qcow2.cluster;

import io.github.qcow4j.nativeio.Libdeflate;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.CompressionType;
import java.nio.ByteBuffer;

/**
 * Compresses clusters, one at a time; not safe for several threads at once. Holds native memory
 * until it is closed. The same cluster and level always give the same bytes in one process; which
 * library does deflate, and so the bytes, is settled at its start ({@link Libdeflate#info()}).
 */
public abstract sealed class ClusterEncoder implements AutoCloseable
    permits DeflateEncoder, LibdeflateEncoder, ZstdEncoder {

  /** What makes images no larger than QEMU's, whichever the type and the library. */
  public static final int DEFAULT_LEVEL = 0;

  ClusterEncoder() {}

  /**
   * An encoder.
   *
   * @param type the image's compression type
   * @param level 1 to 9 for deflate, 1 to 22 for zstd, or {@link #DEFAULT_LEVEL}
   * @throws UnsupportedFeatureException when the type's library cannot be loaded
   */
  public static ClusterEncoder of(CompressionType type, int level)
      throws UnsupportedFeatureException {
    return switch (type) {
      case ZLIB ->
          Libdeflate.host()
              .<ClusterEncoder>map(library -> new LibdeflateEncoder(library, level))
              .orElseGet(() -> new DeflateEncoder(level));
      case ZSTD -> {
        ZstdLibrary.require(null);
        yield new ZstdEncoder(level);
      }
    };
  }

  /**
   * Compresses one cluster.
   *
   * @param cluster its bytes, a direct buffer; consumed
   * @param target where the stream goes, a direct buffer; a stream that does not fit into what
   *     remains is not worth storing
   * @return whether it fitted; if not, {@code target} is as before but for its contents
   */
  public abstract boolean encode(ByteBuffer cluster, ByteBuffer target);

  @Override
  public abstract void close();
}
