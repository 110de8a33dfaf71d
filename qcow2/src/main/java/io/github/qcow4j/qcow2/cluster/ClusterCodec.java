package io.github.qcow4j.qcow2.cluster;

import io.github.qcow4j.nativeio.Libdeflate;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.CompressionType;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Decodes compressed clusters, one at a time; not safe for several threads at once. Holds native
 * memory until it is closed.
 */
interface ClusterCodec extends AutoCloseable {

  /**
   * The codec of a compression type.
   *
   * @param type the type
   * @param image the image that needs it
   * @throws UnsupportedFeatureException when its library cannot be loaded
   */
  static ClusterCodec of(CompressionType type, Path image) throws UnsupportedFeatureException {
    return switch (type) {
      case ZLIB ->
          Libdeflate.host().<ClusterCodec>map(LibdeflateCodec::new).orElseGet(DeflateCodec::new);
      case ZSTD -> {
        ZstdLibrary.require(image);
        yield new ZstdCodec();
      }
    };
  }

  /**
   * Decodes one cluster.
   *
   * @param compressed the stream, followed by anything: the descriptor of a cluster rounds its
   *     length up to whole sectors, and the rest of the last one may belong to the next cluster; a
   *     direct buffer
   * @param cluster where the cluster goes, a direct buffer with exactly the cluster size remaining
   * @throws BadStreamException when the stream is damaged, or does not yield a whole cluster
   */
  void decode(ByteBuffer compressed, ByteBuffer cluster) throws BadStreamException;

  @Override
  void close();

  /** The stream is damaged. */
  final class BadStreamException extends Exception {

    private static final long serialVersionUID = 1L;

    BadStreamException(String message) {
      super(message);
    }
  }
}
