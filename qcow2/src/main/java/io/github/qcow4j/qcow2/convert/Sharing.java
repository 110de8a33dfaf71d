package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which source files share storage with the target: found out by trying. A file that refused once
 * is read from then on. Safe for many threads.
 */
final class Sharing {

  /** What is tried first: so little that reading it instead makes no difference. */
  private static final long TRIAL_BYTES = SegmentQueue.PIECE_BYTES;

  /**
   * The most that is shared by one call, which cannot be cancelled. A file system takes it in time
   * that grows with the number of its extents, not with its bytes.
   */
  private static final long MAX_BYTES = 1L << 30;

  private final ConvertTarget target;
  private final int unitBytes;
  private final Map<BlockFile, Boolean> shares = new ConcurrentHashMap<>();

  /**
   * @param target what is to share
   * @param wanted whether sharing will do; else every file is read
   */
  Sharing(ConvertTarget target, boolean wanted) {
    this.target = target;
    this.unitBytes = wanted ? target.shareUnitBytes() : 0;
  }

  /** What shared ranges must be multiples of. */
  int unitBytes() {
    return unitBytes;
  }

  /** How many bytes from a place on are worth a trial; 0 when they are to be read. */
  long maxBytes(FilePlace place) {
    Boolean known = unitBytes == 0 ? Boolean.FALSE : shares.get(place.file());
    if (known == null) {
      return Math.max(TRIAL_BYTES, unitBytes);
    }
    return known ? MAX_BYTES : 0;
  }

  /** Shares as much of a piece, from its beginning, as can be. */
  long share(long offset, FilePlace place, long lengthBytes) throws IOException {
    long shared = target.share(offset, place.file(), place.fileOffset(), lengthBytes);
    // A refusal stays one, whatever another thread had under way.
    shares.merge(place.file(), shared == lengthBytes, Boolean::logicalAnd);
    return shared;
  }
}
