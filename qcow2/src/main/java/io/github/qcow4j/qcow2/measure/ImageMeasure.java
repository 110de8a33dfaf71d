package io.github.qcow4j.qcow2.measure;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.map.MapEntry;
import io.github.qcow4j.qcow2.map.MapWalk;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Says how large an image would become, before it is made. Any thread may ask. */
public final class ImageMeasure {

  private ImageMeasure() {}

  /**
   * Measures an empty image.
   *
   * @param sizeBytes size of the disk, {@code >= 0}; rounded up to whole sectors
   * @param target what kind of image
   * @throws LimitExceededException when the disk is too large for the image
   */
  public static Measurement ofSize(long sizeBytes, MeasureTarget target)
      throws LimitExceededException {
    long virtualSize = wholeSectors(sizeBytes);
    return switch (target) {
      case MeasureTarget.Raw raw -> new Measurement(virtualSize, virtualSize, null);
      case MeasureTarget.Qcow2 qcow2 -> {
        Qcow2Sizes sizes = Qcow2Sizes.ofPossible(virtualSize, qcow2);
        yield qcow2(sizes, qcow2, 0, null);
      }
    };
  }

  /**
   * Measures a copy of an image and the chain below it. Like {@code qemu-img}, it does not mind
   * when the disk is too large for the target's clusters; making the copy would.
   *
   * @param source the image to copy, or one of its internal snapshots
   * @param target what kind of image
   * @param control follows and stops the job; its unit is one guest byte
   * @throws LimitExceededException when the sizes are beyond all numbers
   * @throws IOException when the source's tables cannot be read, or contradict the format
   */
  public static Measurement ofCopy(DiskImage source, MeasureTarget target, JobControl control)
      throws IOException {
    long virtualSize = source.virtualSize();
    return switch (target) {
      case MeasureTarget.Raw raw -> new Measurement(virtualSize, virtualSize, null);
      case MeasureTarget.Qcow2 qcow2 -> {
        Qcow2Sizes sizes = Qcow2Sizes.of(virtualSize, qcow2);
        long dataBytes =
            qcow2.overBackingFile() ? sizes.diskBytes() : dataBytes(source, qcow2, control);
        yield qcow2(sizes, qcow2, dataBytes, BitmapSizes.of(source, qcow2));
      }
    };
  }

  private static Measurement qcow2(
      Qcow2Sizes sizes, MeasureTarget.Qcow2 target, long dataBytes, @Nullable Long bitmapsBytes) {
    long diskBytes = target.preallocation().takesStorage() ? sizes.diskBytes() : dataBytes;
    return new Measurement(sizes.metadataBytes() + diskBytes, sizes.totalBytes(), bitmapsBytes);
  }

  /** The clusters of the target that hold some of the source's data, in bytes. */
  private static long dataBytes(DiskImage source, MeasureTarget.Qcow2 target, JobControl control)
      throws IOException {
    control.expect(source.virtualSize());
    MapWalk walk = new MapWalk(source, 0, source.virtualSize());
    long bytes = 0;
    long counted = 0;
    for (MapEntry entry = walk.next(); entry != null; entry = walk.next()) {
      control.checkpoint();
      if (entry.data() && !entry.zero()) {
        long begin = Math.max(counted, entry.start() & -target.clusterSize());
        counted = Math.max(counted, Qcow2Sizes.roundUp(entry.end(), target.clusterSize()));
        bytes += counted - begin;
      }
      control.advance(entry.length());
    }
    return bytes;
  }

  private static long wholeSectors(long sizeBytes) throws LimitExceededException {
    if (sizeBytes < 0) {
      throw new IllegalArgumentException("sizeBytes is negative: " + sizeBytes);
    }
    if (sizeBytes > (Long.MAX_VALUE & -FormatLimits.SECTOR_BYTES)) {
      throw new LimitExceededException(
          null, "The image size is too large", "virtual size bytes", Long.MAX_VALUE);
    }
    return Qcow2Sizes.roundUp(sizeBytes, FormatLimits.SECTOR_BYTES);
  }
}
