package io.github.qcow4j.snapshot.tar;

import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import java.util.Arrays;

/**
 * Where the bytes of a member belong in its file, front to back, none twice, all inside. What they
 * leave out is zeros. Immutable once built.
 */
final class SparseMap {

  /** Sixteen megabytes of memory; a disk in so many pieces is copied as fast whole. */
  static final int MAX_SEGMENTS = 1 << 20;

  private final long sizeBytes;
  private final long[] bounds;
  private final int segments;
  private final long storedBytes;

  private SparseMap(long sizeBytes, long[] bounds, int segments, long storedBytes) {
    this.sizeBytes = sizeBytes;
    this.bounds = bounds;
    this.segments = segments;
    this.storedBytes = storedBytes;
  }

  /** A file without holes. */
  static SparseMap whole(long sizeBytes) {
    return new SparseMap(sizeBytes, new long[] {0, sizeBytes}, 1, sizeBytes);
  }

  /** How long the file is. */
  long sizeBytes() {
    return sizeBytes;
  }

  int segments() {
    return segments;
  }

  /** Where a segment begins in the file. */
  long start(int segment) {
    return bounds[2 * segment];
  }

  /** Where it ends. */
  long end(int segment) {
    return bounds[2 * segment + 1];
  }

  /** How many bytes all segments have together. */
  long storedBytes() {
    return storedBytes;
  }

  /** Collects segments. For one thread. */
  static final class Builder {

    private final String name;
    private final long sizeBytes;

    /** Doubled when it is full; four segments are what a small file has. */
    private long[] bounds = new long[8];

    private int used;
    private int added;
    private long storedBytes;

    /**
     * @param name the member, for messages
     * @param sizeBytes how long its file is
     */
    Builder(String name, long sizeBytes) {
      this.name = name;
      this.sizeBytes = sizeBytes;
    }

    /**
     * Adds the next segment; an empty one is left out.
     *
     * @throws DamagedTransferException when it begins before the last one's end, or leaves the file
     */
    void add(long offset, long lengthBytes)
        throws DamagedTransferException, TransferLimitException {
      long end = used == 0 ? 0 : bounds[used - 1];
      if (offset < end
          || lengthBytes < 0
          || offset > sizeBytes
          || lengthBytes > sizeBytes - offset) {
        throw damaged(
            name, "has a segment at " + offset + " of " + lengthBytes + " bytes out of place");
      }
      // Empty ones count: an archive could have them for ever.
      if (++added > MAX_SEGMENTS) {
        throw new TransferLimitException(
            "Member '" + name + "' has more than " + MAX_SEGMENTS + " segments", MAX_SEGMENTS);
      }
      if (lengthBytes == 0) {
        return;
      }
      if (used == bounds.length) {
        bounds = Arrays.copyOf(bounds, 2 * used);
      }
      bounds[used++] = offset;
      bounds[used++] = offset + lengthBytes;
      storedBytes += lengthBytes;
    }

    /** The map, which must account for all bytes that the archive has of the member. */
    SparseMap build(long archivedBytes) throws DamagedTransferException {
      if (archivedBytes != storedBytes) {
        throw damaged(name, "has " + archivedBytes + " bytes, its segments " + storedBytes);
      }
      return new SparseMap(sizeBytes, bounds, used / 2, storedBytes);
    }
  }

  static DamagedTransferException damaged(String name, String what) {
    return new DamagedTransferException("Invalid archive: sparse member '" + name + "' " + what);
  }
}
