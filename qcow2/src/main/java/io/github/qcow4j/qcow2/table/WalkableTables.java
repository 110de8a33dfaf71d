package io.github.qcow4j.qcow2.table;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.util.Arrays;

/**
 * Refuses L1 tables that were made to be walked for ever: those that name the same L2 tables again
 * and again, and those that name more of them than the file can hold. The format allows the first,
 * but no writer does it: an L2 table belongs to one entry of an L1 table, and what is shared is
 * shared with the tables of internal snapshots.
 */
final class WalkableTables {

  private WalkableTables() {}

  /**
   * Requires that no more than {@link FormatLimits#MAX_REPEATED_L2_BYTES} of L2 tables are named
   * more than once, in this table and all others of its chain, and no more than {@link
   * TableBounds#walkableBytes} in all of this one.
   *
   * @param file the image
   * @param header its header
   * @param entries an L1 table, as stored
   * @param name what to call the table in the error
   * @param repeats what the chain's other tables name again; this one's are added
   * @throws LimitExceededException when there are more
   */
  static void require(
      BlockFile file, Qcow2Header header, long[] entries, String name, TableRepeats repeats)
      throws IOException {
    long[] offsets = sortedOffsets(entries);
    if (repeated(offsets, offsets.length) == 0
        && (long) offsets.length * header.clusterSize() <= FormatLimits.MAX_REPEATED_L2_BYTES) {
      return;
    }
    int named = countBelow(offsets, file.size());
    int repeated = repeated(offsets, named);
    if (repeated > 0) {
      repeats.add(file.path(), repeated, TableRepeats.weightOf(header), name);
    }
    long walkable = TableBounds.walkableBytes(file);
    if ((long) named * header.clusterSize() > walkable) {
      throw new LimitExceededException(
          file.path(),
          name + " names " + named + " L2 tables, more than the file has storage for",
          "bytes of tables",
          walkable);
    }
  }

  /**
   * Without a stream, which every start of the program would have to link, and in no more memory
   * than they need: the longest tables of large disks name next to nothing.
   */
  private static long[] sortedOffsets(long[] entries) {
    int count = 0;
    for (long entry : entries) {
      count += (entry & L2Entry.OFFSET_MASK) == 0 ? 0 : 1;
    }
    long[] offsets = new long[count];
    int next = 0;
    for (long entry : entries) {
      long offset = entry & L2Entry.OFFSET_MASK;
      if (offset != 0) {
        offsets[next] = offset;
        next++;
      }
    }
    Arrays.sort(offsets);
    return offsets;
  }

  private static int repeated(long[] offsets, int count) {
    int repeated = 0;
    for (int i = 1; i < count; i++) {
      repeated += offsets[i] == offsets[i - 1] ? 1 : 0;
    }
    return repeated;
  }

  private static int countBelow(long[] offsets, long end) {
    int count = 0;
    while (count < offsets.length && offsets[count] < end) {
      count++;
    }
    return count;
  }
}
