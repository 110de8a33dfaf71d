package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.qcow2.header.ForeignFormat;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderParser;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The first sector of a disk that is taken for raw because nobody said what it is. Nothing is
 * written there that would make the next guess another one: so a guest could have its host follow
 * the names in an image of its own making (CVE-2008-2004).
 */
final class GuessedStart {

  private static final int SECTOR = FormatLimits.SECTOR_BYTES;

  private final BlockFile file;

  GuessedStart(BlockFile file) {
    this.file = file;
  }

  /** Bytes that are about to be written. */
  @FunctionalInterface
  interface Change {
    /** Puts them over a part of the sector, from its position to its limit. */
    void over(ByteBuffer part) throws IOException;
  }

  /** Whether a range has a part in the first sector. */
  static boolean isTouchedBy(long guestOffset, long lengthBytes) {
    return guestOffset < SECTOR && lengthBytes > 0;
  }

  /**
   * Refuses a change after which the disk would look like an image.
   *
   * @param guestOffset where it begins, within the sector
   * @param lengthBytes how long it is
   * @param change what it would write
   * @throws io.github.qcow4j.nativeio.SystemCallException with {@code EPERM}
   */
  void require(long guestOffset, long lengthBytes, Change change) throws IOException {
    ByteBuffer sector = ByteBuffer.allocate(SECTOR);
    file.readPadded(sector, 0);
    sector.position((int) guestOffset);
    sector.limit((int) Math.min(SECTOR, guestOffset + lengthBytes));
    change.over(sector.slice());
    sector.clear();
    if (HeaderParser.looksLikeQcow2(sector) || ForeignFormat.of(sector).isPresent()) {
      throw Errno.EPERM.exception("pwrite", file.path().toString());
    }
  }
}
