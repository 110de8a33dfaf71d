package io.github.qcow4j.qcow2.table;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
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
   * more than once, and no more than {@link TableBounds#walkableBytes} in all. Where the table is
   * too short for that, it is not looked at.
   *
   * @param file the image
   * @param entries an L1 table, as stored
   * @param clusterSize the cluster size in bytes
   * @param name what to call the table in the error
   * @throws LimitExceededException when there are more
   */
  static void require(BlockFile file, long[] entries, int clusterSize, String name)
      throws IOException {
    long allowed = FormatLimits.MAX_REPEATED_L2_BYTES / clusterSize;
    if (entries.length <= allowed) {
      return;
    }
    long fileBytes = file.size();
    long[] offsets =
        Arrays.stream(entries)
            .map(entry -> entry & L2Entry.OFFSET_MASK)
            .filter(offset -> offset != 0 && offset < fileBytes)
            .sorted()
            .toArray();
    long repeated = 0;
    for (int i = 1; i < offsets.length; i++) {
      repeated += offsets[i] == offsets[i - 1] ? 1 : 0;
    }
    if (repeated > allowed) {
      throw new LimitExceededException(
          file.path(),
          name + " names L2 tables " + repeated + " times that it has named before",
          "bytes of L2 tables named again",
          FormatLimits.MAX_REPEATED_L2_BYTES);
    }
    long walkable = TableBounds.walkableBytes(file);
    if ((long) offsets.length * clusterSize > walkable) {
      throw new LimitExceededException(
          file.path(),
          name + " names " + offsets.length + " L2 tables, more than the file has storage for",
          "bytes of tables",
          walkable);
    }
  }
}
