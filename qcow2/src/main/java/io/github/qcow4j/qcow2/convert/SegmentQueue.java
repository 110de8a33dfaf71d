package io.github.qcow4j.qcow2.convert;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the source into segments, from front to back, by its extents alone. Safe for many threads:
 * each takes the next piece when it is ready for one.
 */
final class SegmentQueue {

  /**
   * The largest piece of data, and so the size of a thread's buffer. 2 MiB is where the cost of the
   * system calls has vanished in the cost of moving the bytes; larger pieces only leave the caches.
   */
  static final int MAX_DATA_BYTES = 2 << 20;

  /** When an extent cannot be told, salvaging goes on behind so many bytes. */
  private static final int UNKNOWN_STEP_BYTES = 512;

  private final ConvertSource source;
  private final boolean salvage;

  @GuardedBy("this")
  private int imageIndex;

  @GuardedBy("this")
  private long position;

  @GuardedBy("this")
  private long sequence;

  @GuardedBy("this")
  private @Nullable Extent extent;

  @GuardedBy("this")
  private @Nullable DataRanges ranges;

  SegmentQueue(ConvertSource source, boolean salvage) {
    this.source = source;
    this.salvage = salvage;
  }

  /** The next piece, or null when there are no more. */
  synchronized @Nullable Segment next() throws IOException {
    while (imageIndex < source.imageCount() && position >= source.image(imageIndex).virtualSize()) {
      imageIndex++;
      position = 0;
      extent = null;
      ranges = null;
    }
    if (imageIndex == source.imageCount()) {
      return null;
    }
    DiskImage image = source.image(imageIndex);
    if (extent == null || position >= extent.end()) {
      extent = extentAt(image, position);
    }
    boolean zero = extent.readsAsZeros();
    long length = extent.end() - position;
    if (extent.kind() == Extent.Kind.DATA) {
      DataRanges.Range range = ranges(image).at(extent, position);
      zero = range.hole();
      length = Math.min(length, range.lengthBytes());
    }
    if (!zero) {
      // Pieces end on multiples of their size, so that blocks of zeros are found whole.
      length = Math.min(length, MAX_DATA_BYTES - (position & (MAX_DATA_BYTES - 1)));
    }
    Segment segment =
        new Segment(sequence++, imageIndex, source.start(imageIndex) + position, length, zero);
    position += length;
    return segment;
  }

  @GuardedBy("this")
  private DataRanges ranges(DiskImage image) {
    if (ranges == null) {
      ranges = new DataRanges(image);
    }
    return ranges;
  }

  private Extent extentAt(DiskImage image, long guestOffset) throws IOException {
    long left = image.virtualSize() - guestOffset;
    try {
      return image.extentAt(guestOffset, left);
    } catch (IOException e) {
      if (!salvage) {
        throw e;
      }
      // Reading it will fail as well, and be reported there.
      return new Extent(
          guestOffset, Math.min(left, UNKNOWN_STEP_BYTES), 0, Extent.Kind.COMPRESSED, -1);
    }
  }
}
