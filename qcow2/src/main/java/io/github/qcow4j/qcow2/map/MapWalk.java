package io.github.qcow4j.qcow2.map;

import io.github.qcow4j.qcow2.DiskImage;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Walks the entries of a range from front to back, joining neighbours. For one thread. */
public final class MapWalk {

  private final MapPieces pieces;
  private final long endOffset;
  private long position;
  private @Nullable MapEntry ahead;
  private @Nullable IOException failureAhead;

  /**
   * @param image the image, which stays open as long as the walk
   * @param guestOffset where to begin, in bytes
   * @param lengthBytes how far to go; the range must lie within the disk
   */
  public MapWalk(DiskImage image, long guestOffset, long lengthBytes) {
    Objects.checkFromIndexSize(guestOffset, lengthBytes, image.virtualSize());
    this.pieces = new MapPieces(image);
    this.position = guestOffset;
    this.endOffset = guestOffset + lengthBytes;
  }

  /**
   * The next entry, or null at the end of the range.
   *
   * @throws IOException as {@link DiskImage#extentAt} does; what was found before the place that
   *     cannot be told is given out first
   */
  public @Nullable MapEntry next() throws IOException {
    if (failureAhead != null) {
      throw failureAhead;
    }
    MapEntry entry = ahead != null ? ahead : lookUp();
    ahead = null;
    while (entry != null && position < endOffset) {
      MapEntry next = lookAhead();
      if (next == null || !entry.continuedBy(next)) {
        ahead = next;
        break;
      }
      entry = entry.extendedBy(next.length());
    }
    return entry;
  }

  private @Nullable MapEntry lookAhead() {
    try {
      return lookUp();
    } catch (IOException e) {
      failureAhead = e;
      return null;
    }
  }

  private @Nullable MapEntry lookUp() throws IOException {
    if (position >= endOffset) {
      return null;
    }
    MapEntry piece = pieces.at(position, endOffset - position);
    position = piece.end();
    return piece;
  }
}
