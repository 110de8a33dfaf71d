package io.github.qcow4j.qcow2.compare;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.compare.ComparisonException.Stage;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Compares two disks. The result is that of a walk from front to back, whatever the number of
 * threads: of several differences or failures, the first one counts. Used once.
 */
public final class Comparison {

  private final DiskImage[] images;
  private final StatusReader[] readers;
  private final boolean strict;
  private final JobControl control;
  private final DataComparison data;

  private Comparison(DiskImage[] images, boolean strict, JobControl control, DataComparison data) {
    this.images = images;
    this.readers = new StatusReader[] {new StatusReader(images[0]), new StatusReader(images[1])};
    this.strict = strict;
    this.control = control;
    this.data = data;
  }

  /**
   * Compares two disks.
   *
   * @param first one of them; left open
   * @param second the other; left open
   * @param strict whether their sizes, and what they have allocated, must agree as well
   * @param parallelism how many threads read data, 1 or more
   * @param control counts bytes of the longer disk
   * @throws ComparisonException when an image cannot be read
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   */
  public static ComparisonResult run(
      DiskImage first, DiskImage second, boolean strict, int parallelism, JobControl control)
      throws IOException {
    if (strict && first.virtualSize() != second.virtualSize()) {
      return new ComparisonResult.SizeMismatch();
    }
    DiskImage[] images = {first, second};
    try (DataComparison data = new DataComparison(images, parallelism, control)) {
      return new Comparison(images, strict, control, data).run();
    }
  }

  private ComparisonResult run() throws IOException {
    long shorter = Math.min(images[0].virtualSize(), images[1].virtualSize());
    long longer = Math.max(images[0].virtualSize(), images[1].virtualSize());
    control.expect(longer);
    ComparisonResult difference = compareCommonPart(shorter);
    if (difference == null && shorter < longer) {
      difference = compareTail(images[0].virtualSize() == longer ? 0 : 1, shorter, longer);
    }
    return difference != null ? difference : new ComparisonResult.Identical(shorter < longer);
  }

  private @Nullable ComparisonResult compareCommonPart(long end) throws IOException {
    long offset = 0;
    while (offset < end && !data.hasResult()) {
      control.checkpoint();
      BlockStatus first = status(0, offset);
      BlockStatus second = first == null ? null : status(1, offset);
      if (first == null || second == null) {
        break;
      }
      if (strict && !first.agreesWith(second)) {
        ComparisonResult earlier = data.await(false);
        return earlier != null ? earlier : new ComparisonResult.StatusMismatch(offset);
      }
      long length = Math.min(end - offset, Math.min(first.lengthBytes(), second.lengthBytes()));
      compare(offset, length, first, second);
      offset += length;
    }
    return data.await(false);
  }

  private void compare(long offset, long length, BlockStatus first, BlockStatus second)
      throws IOException {
    if ((first.zero() && second.zero()) || (!first.allocated() && !second.allocated())) {
      control.advance(length);
    } else if (!second.allocated()) {
      data.expectZeros(0, offset, length);
    } else if (!first.allocated()) {
      data.expectZeros(1, offset, length);
    } else {
      data.expectSame(offset, length);
    }
  }

  private @Nullable ComparisonResult compareTail(int index, long begin, long end)
      throws IOException {
    long offset = begin;
    while (offset < end && !data.hasResult()) {
      control.checkpoint();
      BlockStatus status = status(index, offset);
      if (status == null) {
        break;
      }
      if (status.allocated() && !status.zero()) {
        data.expectZeros(index, offset, status.lengthBytes());
      } else {
        control.advance(status.lengthBytes());
      }
      offset += status.lengthBytes();
    }
    return data.await(true);
  }

  /** The status, or null when it could not be had, which is then the result after all earlier. */
  private @Nullable BlockStatus status(int index, long offset) throws IOException {
    try {
      return readers[index].at(offset);
    } catch (IOException e) {
      data.fail(new ComparisonException(Stage.EXTENTS, index, offset, e));
      return null;
    }
  }
}
