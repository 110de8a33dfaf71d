package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import java.io.IOException;

/**
 * How much of tables a check walks before it takes the image for one that was made to be walked for
 * ever. Tables may be named many times: L2 tables by internal snapshots, and everything by those
 * who mean harm. 34 MB can name 256 GiB of L2 tables, and 65,536 snapshots can share one L1 table
 * of 32 MiB.
 *
 * <p>The limit follows the storage that the file takes. Of an image with clusters of 64 KiB each of
 * the 65,536 snapshots that there may be can name all L2 tables; with clusters of 4 KiB 16,384 can.
 * For one thread.
 */
final class WalkLimit {

  /** What every image may have walked: a few seconds. */
  private static final long FREE_BYTES = 4L << 30;

  /** How many times its own storage an image may have walked beside that. */
  private static final long TIMES_STORAGE = 32;

  /** What a finding counts as: it is made, and told, in the time of so much of a table. */
  private static final long FINDING_BYTES = 256;

  /** What a table counts as that nobody reads: its entry is told. */
  static final long EMPTY_TABLE_BYTES = 256;

  private final BlockFile file;
  private final CheckTally tally;
  private final long limitBytes;
  private final long reportedBefore;
  private long walkedBytes;

  WalkLimit(BlockFile file, CheckTally tally) throws IOException {
    this.file = file;
    this.tally = tally;
    this.reportedBefore = tally.reported();
    long storage = file.kind() == FileKind.BLOCK_DEVICE ? file.size() : file.allocatedSize();
    this.limitBytes =
        FREE_BYTES + TIMES_STORAGE * Math.min(storage, Long.MAX_VALUE / (2 * TIMES_STORAGE));
  }

  /**
   * Counts what is about to be walked, or just was.
   *
   * @throws LimitExceededException when that is too much, findings included
   */
  void walk(long tableBytes) throws LimitExceededException {
    walkedBytes += tableBytes;
    if (walkedBytes + (tally.reported() - reportedBefore) * FINDING_BYTES > limitBytes) {
      throw new LimitExceededException(
          file.path(),
          "Tables are named again and again, too much for this file",
          "bytes of tables",
          limitBytes);
    }
  }
}
