package io.github.qcow4j.qcow2;

import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a chain takes of {@link FormatLimits#MAX_CHAIN_L1_BYTES}. Asked when it is opened, and by
 * what adds a layer before it does: else there would be an image that nobody could open.
 *
 * @param l1Bytes the L1 tables of all its layers
 */
public record ChainRoom(long l1Bytes) {

  /** No layer yet. */
  public static final ChainRoom NONE = new ChainRoom(0);

  /** That of an image and all below it; of none what {@link #NONE} is. */
  public static ChainRoom of(@Nullable DiskImage image) {
    ChainRoom room = NONE;
    for (DiskImage layer = image; layer != null; layer = layer.backing()) {
      room = layer instanceof Qcow2Image qcow2 ? room.plus(qcow2.header().l1Entries()) : room;
    }
    return room;
  }

  /**
   * With a layer more.
   *
   * @param l1Entries the entries of its L1 table; what is more than one can have is refused as such
   *     by others, and counts for the most here
   */
  public ChainRoom plus(long l1Entries) {
    return new ChainRoom(l1Bytes + Math.min(l1Entries, Qcow2Header.maxL1Entries()) * Long.BYTES);
  }

  /**
   * Requires that the chain can be opened.
   *
   * @param image whom the error is about
   */
  public void require(Path image) throws LimitExceededException {
    if (l1Bytes > FormatLimits.MAX_CHAIN_L1_BYTES) {
      throw new LimitExceededException(
          image,
          "The L1 tables of the chain are too large together",
          "L1 table bytes of a chain",
          FormatLimits.MAX_CHAIN_L1_BYTES);
    }
  }
}
