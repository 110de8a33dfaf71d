package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.table.TableBounds;
import java.io.IOException;

/**
 * How much a step of a check walks and tells before it takes the image for one that was made to be
 * walked for ever. For one thread.
 */
final class WalkLimit {

  /**
   * How many findings every image may have in a step: 1.5 s, at 2.6 microseconds each for being
   * told in a line by the packaged program.
   */
  private static final long FREE_FINDINGS = 500_000;

  /**
   * An image may have one more for so much storage, which is that of an entry of an L2 table: wrong
   * entries and wrong counters are findings by the million where an image is damaged.
   */
  private static final long STORAGE_OF_FINDING_BYTES = Long.BYTES;

  private final BlockFile file;
  private final CheckTally tally;
  private final long limitBytes;
  private final long limitFindings;
  private long walkedBytes;

  WalkLimit(BlockFile file, CheckTally tally) throws IOException {
    this.file = file;
    this.tally = tally;
    this.limitBytes = TableBounds.walkableBytes(file);
    this.limitFindings = FREE_FINDINGS + TableBounds.storageBytes(file) / STORAGE_OF_FINDING_BYTES;
  }

  /** Begins a step: what was walked and told before does not count any more. */
  void beginStep() {
    walkedBytes = 0;
    tally.allow(
        limitFindings,
        () ->
            new LimitExceededException(
                file.path(),
                "Too much is wrong for the storage that the file takes",
                "findings",
                limitFindings));
  }

  /**
   * Counts what is about to be walked, or just was.
   *
   * @throws LimitExceededException when that is too much
   */
  void walk(long tableBytes) throws LimitExceededException {
    walkedBytes += tableBytes;
    if (walkedBytes > limitBytes) {
      throw new LimitExceededException(
          file.path(),
          "Tables are named again and again, too much for this file",
          "bytes of tables",
          limitBytes);
    }
  }
}
