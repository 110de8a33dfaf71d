package io.github.qcow4j.qcow2.cluster;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/**
 * Zstandard frames (RFC 8878), one or more, skippable ones included, with zstd-jni's streaming
 * decoder.
 *
 * <p>A one-shot decoder will not do: it takes the bytes behind the frame for a damaged next one. So
 * decoding goes on until a cluster is complete and the frame that completed it has ended, and what
 * follows is left alone.
 */
final class ZstdCodec implements ClusterCodec {

  /**
   * How many frames may make up one cluster. QEMU writes one; half a million empty ones, as a
   * cluster of 2 MiB has room for, would take a third of a second, and so each time it is read.
   */
  static final int MOST_FRAMES = 1000;

  private final ZstdDecompressCtx context = new ZstdDecompressCtx();

  @Override
  public void decode(ByteBuffer compressed, ByteBuffer cluster) throws BadStreamException {
    if (!decodedAtOnce(compressed, cluster)) {
      decodeStream(compressed, cluster);
    }
  }

  /**
   * A single frame that holds the whole cluster, as QEMU writes them, goes straight to its place,
   * without the stream decoder's copy. What is anything else, or damaged, is left to the stream
   * decoder, buffers untouched.
   */
  private boolean decodedAtOnce(ByteBuffer compressed, ByteBuffer cluster) {
    int frameBytes = ZstdFrame.length(compressed);
    if (frameBytes < 0 || !ZstdFrame.isSingleSegment(compressed)) {
      return false;
    }
    try {
      context.reset();
      int count =
          context.decompressDirectByteBuffer(
              cluster,
              cluster.position(),
              cluster.remaining(),
              compressed,
              compressed.position(),
              frameBytes);
      if (count != cluster.remaining()) {
        return false;
      }
      compressed.position(compressed.position() + frameBytes);
      cluster.position(cluster.limit());
      return true;
    } catch (ZstdException e) {
      return false;
    }
  }

  private void decodeStream(ByteBuffer compressed, ByteBuffer cluster) throws BadStreamException {
    context.reset();
    try {
      boolean frameEnded = false;
      int frames = 0;
      while (cluster.hasRemaining() || !frameEnded) {
        int inputBefore = compressed.position();
        int outputBefore = cluster.position();
        frameEnded = context.decompressDirectByteBufferStream(cluster, compressed);
        frames += frameEnded ? 1 : 0;
        if (frames > MOST_FRAMES) {
          throw new BadStreamException("more than " + MOST_FRAMES + " zstd frames in a cluster");
        }
        boolean stuck = compressed.position() == inputBefore && cluster.position() == outputBefore;
        if (stuck && (!frameEnded || !compressed.hasRemaining())) {
          throw new BadStreamException(
              cluster.hasRemaining()
                  ? "zstd frames yield " + cluster.remaining() + " bytes less than a cluster"
                  : "zstd frame yields more than a cluster");
        }
      }
    } catch (ZstdException e) {
      throw new BadStreamException("zstd frame is damaged: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    context.close();
  }
}
