package io.github.qcow4j.qcow2;

import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Walks the extents of a range from front to back, joining neighbours. For one thread. */
public final class ExtentWalk {

  private final DiskImage image;
  private final long endOffset;
  private long position;
  private @Nullable Extent ahead;

  ExtentWalk(DiskImage image, long guestOffset, long lengthBytes) {
    Objects.checkFromIndexSize(guestOffset, lengthBytes, image.virtualSize());
    this.image = image;
    this.position = guestOffset;
    this.endOffset = guestOffset + lengthBytes;
  }

  /** The next extent, or null at the end of the range. */
  public @Nullable Extent next() throws IOException {
    Extent extent = ahead != null ? ahead : lookUp();
    ahead = null;
    if (extent == null) {
      return null;
    }
    for (Extent next = lookUp(); next != null; next = lookUp()) {
      if (!extent.continuedBy(next)) {
        ahead = next;
        break;
      }
      extent = extent.extendedBy(next.lengthBytes());
    }
    return extent;
  }

  private @Nullable Extent lookUp() throws IOException {
    if (position >= endOffset) {
      return null;
    }
    Extent extent = image.extentAt(position, endOffset - position);
    position = extent.end();
    return extent;
  }
}
