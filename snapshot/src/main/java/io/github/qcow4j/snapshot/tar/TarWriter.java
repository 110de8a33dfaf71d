package io.github.qcow4j.snapshot.tar;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes an archive from front to back: ustar, with a pax header before a member whose name is
 * long, and binary sizes from 8 GiB on, which every reader of the last decades knows. The same
 * members make the same bytes. For one thread at a time.
 */
public final class TarWriter {

  private static final int MODE = 0644;

  private final WritableByteChannel channel;
  private final long modifiedEpochSeconds;
  private long missingBytes;
  private int paddingBytes;

  /**
   * @param channel where to; stays the caller's
   * @param modifiedEpochSeconds the time of modification that all members get
   */
  public TarWriter(WritableByteChannel channel, long modifiedEpochSeconds) {
    this.channel = channel;
    this.modifiedEpochSeconds = modifiedEpochSeconds;
  }

  /**
   * Begins a member; exactly so many bytes must follow before the next one.
   *
   * @param name its name
   * @param sizeBytes its length
   */
  public void begin(String name, long sizeBytes) throws IOException {
    requireComplete();
    byte[] encoded = name.getBytes(StandardCharsets.UTF_8);
    if (encoded.length > TarHeader.NAME_BYTES) {
      writeLongName(encoded);
      encoded = Arrays.copyOf(encoded, TarHeader.NAME_BYTES);
    }
    writeHeader(encoded, TarHeader.REGULAR, sizeBytes);
    missingBytes = sizeBytes;
    paddingBytes = TarHeader.padding(sizeBytes);
    pad();
  }

  private void requireComplete() {
    if (missingBytes != 0) {
      throw new IllegalStateException("a member lacks " + missingBytes + " bytes");
    }
  }

  private void writeLongName(byte[] name) throws IOException {
    int others = " path=\n".length() + name.length;
    int length = others + Integer.toString(others).length();
    length = others + Integer.toString(length).length();
    ByteBuffer record = ByteBuffer.allocate(length);
    record.put((length + " path=").getBytes(StandardCharsets.US_ASCII)).put(name).put((byte) '\n');
    writeHeader("pax".getBytes(StandardCharsets.US_ASCII), TarHeader.PAX, length);
    writeAll(record.flip());
    writeAll(ByteBuffer.allocate(TarHeader.padding(length)));
  }

  private void writeHeader(byte[] name, char typeFlag, long sizeBytes) throws IOException {
    byte[] block = new byte[TarHeader.BLOCK_BYTES];
    System.arraycopy(name, 0, block, 0, name.length);
    TarNumber.write(block, TarHeader.MODE, 8, MODE);
    TarNumber.write(block, TarHeader.OWNER, 8, 0);
    TarNumber.write(block, TarHeader.GROUP, 8, 0);
    TarNumber.write(block, TarHeader.SIZE, TarHeader.SIZE_BYTES, sizeBytes);
    TarNumber.write(block, TarHeader.TIME, 12, modifiedEpochSeconds);
    block[TarHeader.TYPE_FLAG] = (byte) typeFlag;
    String magic =
        TarNumber.fitsOctal(sizeBytes, TarHeader.SIZE_BYTES)
            ? TarHeader.POSIX_MAGIC
            : TarHeader.GNU_MAGIC;
    System.arraycopy(
        magic.getBytes(StandardCharsets.US_ASCII), 0, block, TarHeader.MAGIC, magic.length());
    String checksum = "%06o\0 ".formatted(TarHeader.checksum(block));
    System.arraycopy(
        checksum.getBytes(StandardCharsets.US_ASCII),
        0,
        block,
        TarHeader.CHECKSUM,
        TarHeader.CHECKSUM_BYTES);
    writeAll(ByteBuffer.wrap(block));
  }

  /** Writes the next bytes of the member; consumes them. */
  public void write(ByteBuffer bytes) throws IOException {
    if (bytes.remaining() > missingBytes) {
      throw new IllegalStateException("a member has more bytes than were said");
    }
    missingBytes -= bytes.remaining();
    writeAll(bytes);
    pad();
  }

  private void pad() throws IOException {
    if (missingBytes == 0) {
      writeAll(ByteBuffer.allocate(paddingBytes));
      paddingBytes = 0;
    }
  }

  /** Writes the end of the archive: two blocks of zeros. */
  public void finish() throws IOException {
    requireComplete();
    writeAll(ByteBuffer.allocate(2 * TarHeader.BLOCK_BYTES));
  }

  private void writeAll(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
