package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.check.CheckFinding;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageRepair;
import io.github.qcow4j.qcow2.check.RefcountFinding;
import io.github.qcow4j.qcow2.check.RepairScope;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.intake.FileCopy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A copy of an image file that somebody has open. It is taken by its bytes, whatever QEMU's locks
 * say: whoever has them holds still meanwhile.
 *
 * @param volume where both are
 * @param live the image that is written to
 * @param copy the new file
 * @param sizeBytes size of the disk
 */
record CapturedFile(Volume volume, Path live, Path copy, long sizeBytes) {

  /** Shares the storage, at one instant; null when that cannot be done here. */
  @Nullable CopyMethod share() throws IOException {
    try (BlockFile source = volume.open(live, OpenOptions.reading());
        BlockFile target = volume.open(copy, OpenOptions.creatingNew())) {
      volume.copyPermissions(live, target);
      return target.cloneFrom(source) ? CopyMethod.REFLINK : null;
    }
  }

  /** Copies the data, after {@link #share} could not. */
  CopyMethod copy(JobControl control) throws IOException {
    CopyMethod costliest = CopyMethod.REFLINK;
    try (BlockFile source = volume.open(live, OpenOptions.reading());
        BlockFile target = volume.open(copy, OpenOptions.writing())) {
      long size = source.size();
      target.truncate(size);
      long data = source.nextData(0);
      while (data >= 0 && data < size) {
        long hole = source.nextHole(data);
        long end = hole < 0 ? size : hole;
        while (data < end) {
          control.checkpoint();
          long step = Math.min(FileCopy.PIECE_BYTES, end - data);
          costliest = costlier(costliest, method(target.copyRange(source, data, data, step)));
          data += step;
        }
        data = source.nextData(end);
      }
    }
    return costliest;
  }

  /**
   * Makes it an image like any other, and durable. What QEMU had not written yet when it was held
   * are references to what it had given away: clusters that nobody refers to, which are freed; with
   * lazy refcounts, more.
   */
  void settle(JobControl control) throws IOException {
    try (ImageRepair repair = ImageRepair.open(volume, copy)) {
      RepairScope scope = repair.header().has(Feature.DIRTY) ? RepairScope.ALL : RepairScope.LEAKS;
      Unread unread = new Unread();
      CheckReport report = repair.run(scope, unread, control).remaining();
      if (report.corruptions() > 0 || report.checkErrors() > 0) {
        unread.rethrow();
        throw new CorruptImageException(
            copy, "The disk was not in order when it was captured", "image", -1);
      }
    }
    if (virtualSize(volume, copy) != sizeBytes) {
      throw new WrongStateException("a disk was resized while it was captured; try again");
    }
    try (BlockFile file = volume.open(copy, OpenOptions.writing())) {
      file.syncAll();
    }
  }

  /** Remembers what the storage failed to show of reference counts: that says nothing of them. */
  private static final class Unread implements Consumer<CheckFinding> {
    private @Nullable IOException failure;

    @Override
    public void accept(CheckFinding finding) {
      if (failure == null && finding instanceof RefcountFinding.UnknownRefcount unknown) {
        failure = unknown.failure();
      }
    }

    void rethrow() throws IOException {
      if (failure != null) {
        throw failure;
      }
    }
  }

  /** The size of an image's disk, whoever has it open. */
  static long virtualSize(Volume volume, Path image) throws IOException {
    ImageOptions options =
        ImageOptions.of(ImageFormat.QCOW2).withSharing(ImageOptions.Sharing.FORCE_SHARE);
    return ImageInspector.inspect(volume, image, options).virtualSizeBytes();
  }

  /** The costliest way in which something was copied; where nothing was, it was no worse. */
  static CopyMethod method(CopyResult copied) {
    return Objects.requireNonNullElse(copied.costliest(), CopyMethod.REFLINK);
  }

  static CopyMethod costlier(CopyMethod one, CopyMethod other) {
    return one.compareTo(other) >= 0 ? one : other;
  }
}
