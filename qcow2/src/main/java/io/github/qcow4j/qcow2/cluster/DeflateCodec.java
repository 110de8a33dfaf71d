package io.github.qcow4j.qcow2.cluster;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Raw deflate streams (RFC 1951) with the JDK's zlib.
 *
 * <p>The window is always 32 KiB here, so streams of writers that use more than QEMU's 4 KiB decode
 * as well. A stream that would go on past one cluster is fine, as it is for QEMU; one that ends
 * before is not.
 */
final class DeflateCodec implements ClusterCodec {

  private final Inflater inflater = new Inflater(true);

  @Override
  public void decode(ByteBuffer compressed, ByteBuffer cluster) throws BadStreamException {
    inflater.reset();
    inflater.setInput(compressed);
    try {
      while (cluster.hasRemaining()) {
        int count = inflater.inflate(cluster);
        if (count == 0
            && (inflater.finished() || inflater.needsInput() || inflater.needsDictionary())) {
          throw new BadStreamException(
              "deflate stream yields " + cluster.remaining() + " bytes less than a cluster");
        }
      }
    } catch (DataFormatException e) {
      throw new BadStreamException("deflate stream is damaged: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    inflater.end();
  }
}
