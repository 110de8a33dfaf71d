package io.github.qcow4j.qcow2;

/**
 * A range of guest bytes of which the same holds.
 *
 * @param guestOffset where it begins, in bytes
 * @param lengthBytes its length, at least 1
 * @param depth the layer that decides, 0 being the image itself, 1 its backing file …
 * @param kind what the range is
 * @param hostOffset where in that layer's {@linkplain DiskImage#dataFile() data file} it stands, or
 *     -1 when it stands nowhere, or not as plain bytes
 */
public record Extent(long guestOffset, long lengthBytes, int depth, Kind kind, long hostOffset) {

  /** What a range of guest bytes is. */
  public enum Kind {
    /** Plain data. */
    DATA,
    /** Data in compressed clusters. */
    COMPRESSED,
    /** Known to be zeros: zero clusters, or a hole of a raw file. */
    ZERO,
    /** In no layer, and therefore zeros; the depth is that of the layer where the search ended. */
    UNALLOCATED
  }

  /** The first guest offset behind it. */
  public long end() {
    return guestOffset + lengthBytes;
  }

  /** Whether reading yields zeros without looking. */
  public boolean readsAsZeros() {
    return kind == Kind.ZERO || kind == Kind.UNALLOCATED;
  }

  /** Whether {@code next} goes on where this ends, and the same holds of it. */
  public boolean continuedBy(Extent next) {
    return next.guestOffset == end()
        && next.kind == kind
        && next.depth == depth
        && (hostOffset < 0 ? next.hostOffset < 0 : next.hostOffset == hostOffset + lengthBytes);
  }

  /** This one, longer. */
  Extent extendedBy(long moreBytes) {
    return new Extent(guestOffset, lengthBytes + moreBytes, depth, kind, hostOffset);
  }

  /** The same, decided by another layer. */
  Extent atDepth(int newDepth) {
    return new Extent(guestOffset, lengthBytes, newDepth, kind, hostOffset);
  }
}
