package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.table.L1Table;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Loads L1 tables for a check, which looks at what is there: what lies past the end of the file
 * counts as zeros and takes no memory.
 */
final class TableEntries {

  private TableEntries() {}

  /** Whether a table can be where it is said to be, in any file. */
  static boolean isReachable(long hostOffset, long tableBytes) {
    return hostOffset >= 0 && hostOffset <= FormatLimits.MAX_FILE_BYTES - tableBytes;
  }

  /**
   * The entries of a table that lie within the file; the others are zero.
   *
   * @param entryCount the table's length, already held against the format's limit
   * @throws IOException when the table cannot be read, or cannot be anywhere
   */
  static long[] entries(BlockFile file, long hostOffset, int entryCount) throws IOException {
    long tableBytes = (long) entryCount * Long.BYTES;
    if (!isReachable(hostOffset, tableBytes)) {
      throw Errno.EIO.exception("pread", file.path().toString());
    }
    long insideBytes = Math.clamp(file.size() - hostOffset, 0L, tableBytes);
    long[] entries = new long[(int) ((insideBytes + 7) / Long.BYTES)];
    ByteBuffer chunk =
        ByteBuffer.allocate(
            (int) Math.min((long) entries.length * Long.BYTES, L1Table.LOAD_CHUNK_BYTES));
    for (int loaded = 0; loaded < entries.length; ) {
      chunk.clear();
      chunk.limit((int) Math.min(chunk.capacity(), (long) (entries.length - loaded) * Long.BYTES));
      file.readPadded(chunk, hostOffset + (long) loaded * Long.BYTES);
      chunk.flip();
      int count = chunk.remaining() / Long.BYTES;
      chunk.asLongBuffer().get(entries, loaded, count);
      loaded += count;
    }
    return entries;
  }
}
