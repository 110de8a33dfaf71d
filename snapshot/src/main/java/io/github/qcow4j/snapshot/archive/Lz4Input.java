package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.xxhash.XXHashFactory;
import org.jspecify.annotations.Nullable;

/** LZ4 frames (LZ4 Frame Format Description 1.6), one behind the other. */
final class Lz4Input implements ArchiveInput {

  private final Source source;
  private final byte[] copied = new byte[ArchiveOutput.COPIED_BYTES];
  private @Nullable LZ4FrameInputStream frames;

  Lz4Input(ReadableByteChannel channel) {
    this.source = new Source(channel);
  }

  @Override
  public Compression compression() {
    return Compression.LZ4;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    int wanted = Math.min(target.remaining(), copied.length);
    if (wanted == 0) {
      return 0;
    }
    try {
      LZ4FrameInputStream opened = frames == null ? open() : frames;
      frames = opened;
      int count = opened.read(copied, 0, wanted);
      if (count > 0) {
        target.put(copied, 0, count);
      }
      return count;
    } catch (IOException | RuntimeException e) {
      // The library has one exception for a damaged frame and a source that failed.
      IOException failure = source.failure;
      throw failure == null
          ? new DamagedTransferException(
              "Invalid archive: its lz4 frame is damaged: " + e.getMessage())
          : failure;
    }
  }

  private LZ4FrameInputStream open() throws IOException {
    return new LZ4FrameInputStream(
        source,
        LZ4Factory.safeInstance().safeDecompressor(),
        XXHashFactory.safeInstance().hash32(),
        false);
  }

  @Override
  public void close() {}

  /** The channel as a stream that remembers how it failed. */
  private static final class Source extends InputStream {

    private final ReadableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(ArchiveOutput.COPIED_BYTES).limit(0);
    private @Nullable IOException failure;

    Source(ReadableByteChannel channel) {
      this.channel = channel;
    }

    private boolean filled() throws IOException {
      try {
        while (!buffer.hasRemaining()) {
          buffer.clear();
          int count = channel.read(buffer);
          buffer.flip();
          if (count < 0) {
            return false;
          }
        }
        return true;
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }

    @Override
    public int read() throws IOException {
      return filled() ? buffer.get() & 0xFF : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      } else if (!filled()) {
        return -1;
      }
      int count = Math.min(length, buffer.remaining());
      buffer.get(target, offset, count);
      return count;
    }
  }
}
