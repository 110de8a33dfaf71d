package io.github.qcow4j.qcow2.cluster;

import io.github.qcow4j.nativeio.Libdeflate;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Raw deflate streams (RFC 1951) with libdeflate. A stream that it does not take as a whole cluster
 * is left to the JDK's zlib, which has the last word: it also takes one that would go on past the
 * cluster, and says what is wrong with one that is damaged. Much damage goes unnoticed by both, as
 * the format has no checksum; a little more by libdeflate, which gives a meaning to reserved
 * symbols.
 */
final class LibdeflateCodec implements ClusterCodec {

  private final Libdeflate.Decompressor decompressor;
  private @Nullable DeflateCodec thorough;

  LibdeflateCodec(Libdeflate library) {
    this.decompressor = library.newDecompressor();
  }

  @Override
  public void decode(ByteBuffer compressed, ByteBuffer cluster) throws BadStreamException {
    if (decompressor.decompress(compressed, cluster)) {
      return;
    }
    if (thorough == null) {
      thorough = new DeflateCodec();
    }
    thorough.decode(compressed, cluster);
  }

  @Override
  public void close() {
    decompressor.close();
    if (thorough != null) {
      thorough.close();
    }
  }
}
