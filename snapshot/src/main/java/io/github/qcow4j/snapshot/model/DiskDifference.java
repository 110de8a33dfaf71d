package io.github.qcow4j.snapshot.model;

import java.util.List;

/**
 * Where a disk may differ between two moments, told from metadata alone: everything else is the
 * same for certain, while what is listed may by chance hold the same bytes.
 *
 * @param role the disk's role
 * @param oldSizeBytes size of the disk at the first moment
 * @param newSizeBytes size of the disk at the second
 * @param ranges in order, not touching each other
 */
public record DiskDifference(
    String role, long oldSizeBytes, long newSizeBytes, List<Range> ranges) {

  /**
   * A range of guest bytes.
   *
   * @param guestOffset where it begins
   * @param lengthBytes how long it is
   */
  public record Range(long guestOffset, long lengthBytes) {}

  public DiskDifference {
    ranges = List.copyOf(ranges);
  }

  /** All ranges together, in bytes. */
  public long changedBytes() {
    return ranges.stream().mapToLong(Range::lengthBytes).sum();
  }
}
