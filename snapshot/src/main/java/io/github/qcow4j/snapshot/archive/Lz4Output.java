package io.github.qcow4j.snapshot.archive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG;
import net.jpountz.xxhash.XXHashFactory;

/**
 * One LZ4 frame with a checksum. By the library's code in plain Java: its native code would have to
 * be unpacked at run time, where nothing may be executed.
 */
final class Lz4Output implements ArchiveOutput {

  private static final int FAST_LEVEL = 1;
  private static final long UNKNOWN_SIZE = -1;

  private final LZ4FrameOutputStream frame;
  private final byte[] copied = new byte[COPIED_BYTES];

  Lz4Output(WritableByteChannel target, int level) throws IOException {
    LZ4Factory factory = LZ4Factory.safeInstance();
    LZ4Compressor compressor =
        level == FAST_LEVEL ? factory.fastCompressor() : factory.highCompressor(level);
    this.frame =
        new LZ4FrameOutputStream(
            Channels.newOutputStream(target),
            // 256 MiB take 2.2, 2.1, 2.3 and 2.2 s of processor time by blocks of 64 KiB,
            // 256 KiB, 1 and 4 MiB; of the last there are the fewest.
            BLOCKSIZE.SIZE_4MB,
            UNKNOWN_SIZE,
            compressor,
            XXHashFactory.safeInstance().hash32(),
            FLG.Bits.BLOCK_INDEPENDENCE,
            FLG.Bits.CONTENT_CHECKSUM);
  }

  @Override
  public int write(ByteBuffer bytes) throws IOException {
    int count = bytes.remaining();
    while (bytes.hasRemaining()) {
      int part = Math.min(bytes.remaining(), copied.length);
      bytes.get(copied, 0, part);
      frame.write(copied, 0, part);
    }
    return count;
  }

  /** The stream closes what it writes to, which is nothing but a view of the target. */
  @Override
  public void finish() throws IOException {
    frame.flush();
    frame.close();
  }

  @Override
  public void close() {}
}
