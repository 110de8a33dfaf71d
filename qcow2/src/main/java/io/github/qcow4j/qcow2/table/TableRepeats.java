package io.github.qcow4j.qcow2.table;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.nio.file.Path;

/**
 * How much of L2 tables is named again by the L1 tables of one chain together: each extent of the
 * top layer is looked up in all below it, so that what one of 256 layers may repeat all of them may
 * only together. Safe for many threads.
 */
public final class TableRepeats {

  private static final long EXTENDED_WEIGHT =
      FormatLimits.MAX_REPEATED_L2_BYTES / FormatLimits.MAX_REPEATED_EXTENDED_L2_BYTES;

  @GuardedBy("this")
  private long bytes;

  /** How much one L2 table counts for, in bytes of standard entries. */
  static long weightOf(Qcow2Header header) {
    return header.clusterSize() * (header.has(Feature.EXTENDED_L2) ? EXTENDED_WEIGHT : 1);
  }

  /**
   * Adds those of one L1 table, unless that is too much.
   *
   * @param image where it stands
   * @param count how many L2 tables it names that it has named before
   * @param weight how much one counts for
   * @param name what to call the table in the error
   * @throws LimitExceededException when there are too many in it, or in all tables so far with it;
   *     none is added then
   */
  synchronized void add(Path image, long count, long weight, String name)
      throws LimitExceededException {
    if (count * weight > FormatLimits.MAX_REPEATED_L2_BYTES) {
      throw exceeded(image, name + " names L2 tables " + count + " times that it has named before");
    }
    long together = bytes + count * weight;
    if (together > FormatLimits.MAX_REPEATED_L2_BYTES) {
      throw exceeded(image, "The L1 tables of the chain name L2 tables again too often together");
    }
    bytes = together;
  }

  private static LimitExceededException exceeded(Path image, String message) {
    return new LimitExceededException(
        image, message, "bytes of L2 tables named again", FormatLimits.MAX_REPEATED_L2_BYTES);
  }
}
