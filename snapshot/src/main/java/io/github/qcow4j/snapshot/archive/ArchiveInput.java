package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;

/**
 * Gives the plain bytes of an archive, whatever it is compressed with, which its first four bytes
 * tell. For one thread at a time. Closing lets go of memory; the source stays open.
 */
interface ArchiveInput extends ReadableByteChannel {

  int ZSTD_MAGIC = 0xFD2FB528;
  int LZ4_MAGIC = 0x184D2204;
  int GZIP_MAGIC = 0x8B1F;

  /** How it is compressed. */
  Compression compression();

  @Override
  default boolean isOpen() {
    return true;
  }

  @Override
  void close();

  /**
   * Looks at the first bytes.
   *
   * @throws DamagedTransferException when there are not even four
   * @throws UnsupportedTransferException when it is compressed in another way
   */
  static ArchiveInput open(ReadableByteChannel source) throws IOException {
    ByteBuffer start = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (start.hasRemaining() && source.read(start) >= 0) {
      // Channels may give less than is asked for.
    }
    if (start.hasRemaining()) {
      throw new DamagedTransferException(
          "Invalid archive: it has only " + start.position() + " bytes");
    }
    ReadableByteChannel whole = new Prepended(start.flip(), source);
    int magic = start.getInt(0);
    if (magic == ZSTD_MAGIC) {
      return new ZstdInput(whole);
    } else if (magic == LZ4_MAGIC) {
      return new Lz4Input(whole);
    } else if ((magic & 0xFFFF) == GZIP_MAGIC) {
      throw new UnsupportedTransferException(
          "The archive is compressed with gzip; archives of boxes are compressed with zstd or lz4,"
              + " or not at all");
    }
    return new PlainInput(whole);
  }

  /** Bytes that were read ahead, and then the rest. */
  final class Prepended implements ReadableByteChannel {

    private final ByteBuffer start;
    private final ReadableByteChannel rest;

    Prepended(ByteBuffer start, ReadableByteChannel rest) {
      this.start = start;
      this.rest = rest;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      if (!start.hasRemaining() || !target.hasRemaining()) {
        return rest.read(target);
      }
      int count = Math.min(start.remaining(), target.remaining());
      target.put(start.slice(start.position(), count));
      start.position(start.position() + count);
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
