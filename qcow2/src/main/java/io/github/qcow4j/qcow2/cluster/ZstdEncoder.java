package io.github.qcow4j.qcow2.cluster;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/** One zstd frame (RFC 8878) with its content size and without a checksum, as QEMU writes it. */
final class ZstdEncoder extends ClusterEncoder {

  /** QEMU's own. */
  private static final int USUAL_LEVEL = 3;

  private final ZstdCompressCtx context = new ZstdCompressCtx();

  ZstdEncoder(int level) {
    context
        .setLevel(level == DEFAULT_LEVEL ? USUAL_LEVEL : level)
        .setChecksum(false)
        .setContentSize(true);
  }

  @Override
  public boolean encode(ByteBuffer cluster, ByteBuffer target) {
    try {
      int length =
          context.compressDirectByteBuffer(
              target,
              target.position(),
              target.remaining(),
              cluster,
              cluster.position(),
              cluster.remaining());
      target.position(target.position() + length);
      cluster.position(cluster.limit());
      return true;
    } catch (ZstdException e) {
      if (e.getErrorCode() == Zstd.errDstSizeTooSmall()) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public void close() {
    context.close();
  }
}
