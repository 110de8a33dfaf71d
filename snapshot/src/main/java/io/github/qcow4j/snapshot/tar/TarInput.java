package io.github.qcow4j.snapshot.tar;

import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** The bytes of an archive, front to back, and no more of them than allowed. For one thread. */
final class TarInput {

  /**
   * How much that nobody keeps is read at once: paddings of less than a block, nearly always, so
   * that its length is no matter of speed. Longer is only what a hostile archive has skipped.
   */
  static final int SKIPPED_BYTES = 64 << 10;

  private final ReadableByteChannel channel;
  private final long maxBytes;
  private final ByteBuffer skipped = ByteBuffer.allocateDirect(SKIPPED_BYTES);
  private long position;

  /**
   * @param channel where from; stays the caller's
   * @param maxBytes how many bytes to read at most
   */
  TarInput(ReadableByteChannel channel, long maxBytes) {
    this.channel = channel;
    this.maxBytes = maxBytes;
  }

  long position() {
    return position;
  }

  /** Fills a buffer as far as the archive goes; returns the number of bytes. */
  int read(ByteBuffer target) throws IOException {
    int start = target.position();
    if (target.remaining() > maxBytes - position) {
      throw new TransferLimitException(
          "The archive expands to more than " + maxBytes + " bytes", maxBytes);
    }
    while (target.hasRemaining() && channel.read(target) >= 0) {
      // Channels may give less than is asked for.
    }
    int count = target.position() - start;
    position += count;
    return count;
  }

  void readFully(ByteBuffer target) throws IOException {
    read(target);
    if (target.hasRemaining()) {
      throw new DamagedTransferException(
          "Invalid archive: it ends early, after " + position + " bytes");
    }
  }

  void readFully(byte[] target) throws IOException {
    readFully(ByteBuffer.wrap(target));
  }

  void skip(long lengthBytes) throws IOException {
    for (long left = lengthBytes; left > 0; left -= skipped.limit()) {
      skipped.clear().limit((int) Math.min(left, skipped.capacity()));
      readFully(skipped);
    }
  }
}
