package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import java.io.IOException;

/**
 * How much a check walks and tells before it takes the image for one that was made to be walked for
 * ever. Tables may be named many times: L2 tables by internal snapshots, and everything by those
 * who mean harm. 34 MB can name 256 GiB of L2 tables, and 65,536 snapshots can share one L1 table
 * of 32 MiB.
 *
 * <p>The limits follow the storage that the file takes. Of an image with clusters of 64 KiB each of
 * the 65,536 snapshots that there may be can name all L2 tables; with clusters of 4 KiB 16,384 can.
 * For one thread.
 */
final class WalkLimit {

  /** What every image may have walked: a few seconds. */
  private static final long FREE_BYTES = 4L << 30;

  /** How many times its own storage an image may have walked beside that. */
  private static final long TIMES_STORAGE = 32;

  /** How many findings every image may have: a few seconds, 1.5 microseconds each. */
  private static final long FREE_FINDINGS = 3_000_000;

  /**
   * An image may have one more for so much storage. An entry of an L2 table and a counter of 16
   * bits take as much, and an image has no more clusters to be wrong than those.
   */
  private static final long STORAGE_OF_FINDING_BYTES = Long.BYTES + Short.BYTES;

  private final BlockFile file;
  private final CheckTally tally;
  private final long limitBytes;
  private final long limitFindings;
  private final long findingsBefore;
  private long walkedBytes;

  WalkLimit(BlockFile file, CheckTally tally) throws IOException {
    this.file = file;
    this.tally = tally;
    this.findingsBefore = tally.reported();
    long told = file.kind() == FileKind.BLOCK_DEVICE ? file.size() : file.allocatedSize();
    long storage = Math.min(told, Long.MAX_VALUE / (2 * TIMES_STORAGE));
    this.limitBytes = FREE_BYTES + TIMES_STORAGE * storage;
    this.limitFindings = FREE_FINDINGS + storage / STORAGE_OF_FINDING_BYTES;
  }

  /**
   * Counts what is about to be walked, or just was.
   *
   * @throws LimitExceededException when that is too much, or too much was found
   */
  void walk(long tableBytes) throws LimitExceededException {
    walkedBytes += tableBytes;
    if (walkedBytes > limitBytes) {
      throw tooMuch("bytes of tables", limitBytes);
    }
    if (tally.reported() - findingsBefore > limitFindings) {
      throw tooMuch("findings", limitFindings);
    }
  }

  private LimitExceededException tooMuch(String limitName, long limit) {
    return new LimitExceededException(
        file.path(), "Tables are named again and again, too much for this file", limitName, limit);
  }
}
