package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.SharedExtent;
import java.io.IOException;
import java.util.List;

/**
 * Tells where two ranges of two files, to which nobody writes, stand in the same storage and so
 * hold the same bytes. What the file system does not tell is taken to differ. For one thread.
 */
final class SameStorage {

  /**
   * So much is asked about at once: 16,384 extents at the most, where each block has its own. Of 1
   * GiB such files take 0.75 s on XFS by 4, 16, 64, 256 MiB and 1 GiB; of 100 GiB in large extents
   * they take 124, 32, 11, 4 and 2 ms.
   */
  private static final long WINDOW_BYTES = 64L << 20;

  private final BlockFile one;
  private final long oneOffset;
  private final BlockFile other;
  private final long otherOffset;
  private final boolean oneDevice;

  /** Told of a part of the range, by its distance from the beginning. */
  @FunctionalInterface
  interface Part {
    void add(long distanceBytes, long lengthBytes);
  }

  SameStorage(BlockFile one, long oneOffset, BlockFile other, long otherOffset) {
    this.one = one;
    this.oneOffset = oneOffset;
    this.other = other;
    this.otherOffset = otherOffset;
    this.oneDevice = one.identity().device() == other.identity().device();
  }

  /** Gives the parts of the ranges that do not stand in the same storage, in order. */
  void differing(long lengthBytes, Part parts) throws IOException {
    for (long at = 0; at < lengthBytes; at += WINDOW_BYTES) {
      long length = Math.min(WINDOW_BYTES, lengthBytes - at);
      List<SharedExtent> first = shared(one, oneOffset + at, length);
      // Where the one shares nothing the other need not be asked.
      List<SharedExtent> second = first.isEmpty() ? first : shared(other, otherOffset + at, length);
      compare(first, second, at, at + length, parts);
    }
  }

  private List<SharedExtent> shared(BlockFile file, long fileOffset, long lengthBytes)
      throws IOException {
    List<SharedExtent> told = oneDevice ? file.sharedExtents(fileOffset, lengthBytes) : null;
    return told == null ? List.of() : told;
  }

  private void compare(
      List<SharedExtent> first, List<SharedExtent> second, long start, long end, Part parts) {
    long told = start;
    int firstIndex = 0;
    int secondIndex = 0;
    while (firstIndex < first.size() && secondIndex < second.size()) {
      SharedExtent left = first.get(firstIndex);
      SharedExtent right = second.get(secondIndex);
      long leftEnd = left.end() - oneOffset;
      long rightEnd = right.end() - otherOffset;
      long from = Math.max(left.fileOffset() - oneOffset, right.fileOffset() - otherOffset);
      long to = Math.min(leftEnd, rightEnd);
      if (from < to && base(left, oneOffset) == base(right, otherOffset)) {
        if (from > told) {
          parts.add(told, from - told);
        }
        told = to;
      }
      if (leftEnd <= rightEnd) {
        firstIndex++;
      }
      if (rightEnd <= leftEnd) {
        secondIndex++;
      }
    }
    if (told < end) {
      parts.add(told, end - told);
    }
  }

  /** Where the beginning of the range would stand, if all of it stood as this part does. */
  private static long base(SharedExtent part, long rangeOffset) {
    return part.deviceOffset() - (part.fileOffset() - rangeOffset);
  }
}
