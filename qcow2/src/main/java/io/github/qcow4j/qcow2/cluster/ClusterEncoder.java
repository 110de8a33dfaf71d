package io.github.qcow4j.qcow2.cluster;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;
import io.github.qcow4j.qcow2.header.CompressionType;
import java.nio.ByteBuffer;
import java.util.zip.Deflater;

/**
 * Compresses clusters, one at a time; not safe for several threads at once. Holds native memory
 * until it is closed. The same cluster and level always give the same bytes.
 */
public abstract sealed class ClusterEncoder implements AutoCloseable {

  /** What QEMU compresses with, whichever the type: level 6 of deflate, level 3 of zstd. */
  public static final int DEFAULT_LEVEL = 0;

  private ClusterEncoder() {}

  /**
   * An encoder.
   *
   * @param type the image's compression type
   * @param level 1 to 9 for deflate, 1 to 22 for zstd, or {@link #DEFAULT_LEVEL}
   */
  public static ClusterEncoder of(CompressionType type, int level) {
    return switch (type) {
      case ZLIB -> new Deflate(level == DEFAULT_LEVEL ? 6 : level);
      case ZSTD -> new Zstandard(level == DEFAULT_LEVEL ? 3 : level);
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

  /**
   * Raw deflate (RFC 1951) with the JDK's zlib and its window of 32 KiB, which QEMU reads although
   * it writes with 4 KiB. The stream is always finished: QEMU would read past one that is merely
   * flushed.
   */
  private static final class Deflate extends ClusterEncoder {

    private final Deflater deflater;

    Deflate(int level) {
      this.deflater = new Deflater(level, true);
    }

    @Override
    public boolean encode(ByteBuffer cluster, ByteBuffer target) {
      int start = target.position();
      deflater.reset();
      deflater.setInput(cluster);
      deflater.finish();
      while (!deflater.finished() && target.hasRemaining()) {
        deflater.deflate(target);
      }
      if (!deflater.finished()) {
        target.position(start);
      }
      return deflater.finished();
    }

    @Override
    public void close() {
      deflater.end();
    }
  }

  /** One zstd frame (RFC 8878) with its content size and without a checksum, as QEMU writes it. */
  private static final class Zstandard extends ClusterEncoder {

    private final ZstdCompressCtx context = new ZstdCompressCtx();

    Zstandard(int level) {
      context.setLevel(level).setChecksum(false).setContentSize(true);
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
}
