package io.github.qcow4j.snapshot.archive;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;
import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * One Zstandard frame with a checksum. The library compresses in threads of its own, so that a
 * write returns before its bytes are compressed; the result does not depend on how many there are.
 */
final class ZstdOutput implements ArchiveOutput {

  /**
   * Each thread has a piece of 8 MiB under way and as much of window. More were never measured, for
   * want of such a machine.
   */
  private static final int MAX_WORKERS = 8;

  private final WritableByteChannel target;
  private final ZstdCompressCtx context = new ZstdCompressCtx();
  private final ByteBuffer compressed = ByteBuffer.allocateDirect(BlockFile.CALL_BYTES);
  private final ByteBuffer copied = ByteBuffer.allocateDirect(COPIED_BYTES);

  ZstdOutput(WritableByteChannel target, int level) {
    this.target = target;
    int workers = Math.min(MAX_WORKERS, Runtime.getRuntime().availableProcessors());
    context.setLevel(level).setChecksum(true).setWorkers(workers);
  }

  @Override
  public int write(ByteBuffer bytes) throws IOException {
    int count = bytes.remaining();
    if (bytes.isDirect()) {
      compress(bytes);
      return count;
    }
    while (bytes.hasRemaining()) {
      int part = Math.min(bytes.remaining(), copied.capacity());
      copied.clear().put(bytes.slice(bytes.position(), part)).flip();
      bytes.position(bytes.position() + part);
      compress(copied);
    }
    return count;
  }

  private void compress(ByteBuffer direct) throws IOException {
    while (direct.hasRemaining()) {
      step(direct, EndDirective.CONTINUE);
    }
  }

  private boolean step(ByteBuffer direct, EndDirective directive) throws IOException {
    try {
      boolean done = context.compressDirectByteBufferStream(compressed, direct, directive);
      if (compressed.position() > compressed.capacity() / 2) {
        passOn();
      }
      return done;
    } catch (ZstdException e) {
      throw new IOException("zstd cannot compress: " + e.getMessage(), e);
    }
  }

  private void passOn() throws IOException {
    ArchiveOutput.writeAll(target, compressed.flip());
    compressed.clear();
  }

  @Override
  public void finish() throws IOException {
    copied.clear().limit(0);
    while (!step(copied, EndDirective.END)) {
      // As long as there is more than the buffer holds.
    }
    passOn();
  }

  @Override
  public void close() {
    context.close();
  }
}
