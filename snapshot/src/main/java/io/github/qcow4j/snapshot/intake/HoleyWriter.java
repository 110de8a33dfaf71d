package io.github.qcow4j.snapshot.intake;

import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Fills a new file from front to back, and leaves out blocks of zeros, which become holes: so a
 * stream that expands to nothing but zeros takes no storage. For one thread at a time.
 */
public final class HoleyWriter {

  /** The blocks of most file systems: what is smaller takes one anyway. */
  private static final int BLOCK_BYTES = 4096;

  private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(BLOCK_BYTES).asReadOnlyBuffer();

  private final BlockFile file;
  private long position;

  /**
   * @param file an empty file; stays the caller's
   */
  public HoleyWriter(BlockFile file) {
    this.file = file;
  }

  /** How many bytes there are so far, holes included. */
  public long position() {
    return position;
  }

  /** Adds bytes, which are left unconsumed. */
  public void write(ByteBuffer bytes) throws IOException {
    int start = bytes.position();
    int end = bytes.limit();
    long base = position - start;
    int dataStart = start;
    for (int at = start; at < end; ) {
      int count = Math.min(end - at, BLOCK_BYTES - (int) ((base + at) % BLOCK_BYTES));
      if (isZero(bytes.slice(at, count))) {
        writeData(bytes, dataStart, at, base);
        dataStart = at + count;
      }
      at += count;
    }
    writeData(bytes, dataStart, end, base);
    position = base + end;
  }

  private void writeData(ByteBuffer bytes, int start, int end, long base) throws IOException {
    if (end > start) {
      file.write(bytes.slice(start, end - start), base + start);
    }
  }

  private static boolean isZero(ByteBuffer block) {
    return block.mismatch(ZEROS.slice(0, block.limit())) < 0;
  }

  /** Adds zeros. */
  public void skip(long lengthBytes) {
    position += lengthBytes;
  }

  /** Gives the file its length. */
  public void finish() throws IOException {
    file.truncate(position);
  }
}
