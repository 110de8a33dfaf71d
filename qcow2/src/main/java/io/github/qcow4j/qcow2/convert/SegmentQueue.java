package io.github.qcow4j.qcow2.convert;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.qcow2.convert.ConvertSource.SourceExtent;
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
  private final int unitBytes;

  @GuardedBy("this")
  private long position;

  @GuardedBy("this")
  private long sequence;

  @GuardedBy("this")
  private @Nullable SourceExtent extent;

  /**
   * @param source what to cut
   * @param salvage whether to go on where an extent cannot be told
   * @param unitBytes pieces consist of whole units of so many bytes, a power of two up to {@link
   *     #MAX_DATA_BYTES}; a unit with any data is data
   */
  SegmentQueue(ConvertSource source, boolean salvage, int unitBytes) {
    this.source = source;
    this.salvage = salvage;
    this.unitBytes = unitBytes;
  }

  /** The next piece, or null when there are no more. */
  synchronized @Nullable Segment next() throws IOException {
    if (position >= source.sizeBytes()) {
      return null;
    }
    if (extent == null || position >= extent.end()) {
      extent = extentAt(position);
    }
    Segment.Content content = extent.content();
    long end = content == Segment.Content.DATA ? unitEnd(extent.end()) : unitStart(extent.end());
    if (end <= position) {
      // A unit in which several extents meet.
      content = Segment.Content.DATA;
      end = Math.min(position + unitBytes, source.sizeBytes());
    }
    if (content == Segment.Content.DATA) {
      // Pieces end on multiples of their size, so that blocks of zeros are found whole.
      end = Math.min(end, (position & -MAX_DATA_BYTES) + MAX_DATA_BYTES);
    }
    Segment segment = new Segment(sequence++, position, end - position, content);
    position = end;
    return segment;
  }

  private long unitStart(long offset) {
    return offset == source.sizeBytes() ? offset : offset & -unitBytes;
  }

  private long unitEnd(long offset) {
    return Math.min((offset + unitBytes - 1) & -unitBytes, source.sizeBytes());
  }

  private SourceExtent extentAt(long offset) throws IOException {
    try {
      return source.extentAt(offset);
    } catch (IOException e) {
      if (!salvage) {
        throw ConversionPlace.noted(e, ConversionPlace.Activity.READING_EXTENTS, offset);
      }
      // Reading it will fail as well, and be reported there.
      return new SourceExtent(
          Math.min(offset + UNKNOWN_STEP_BYTES, source.sizeBytes()), Segment.Content.DATA);
    }
  }
}
