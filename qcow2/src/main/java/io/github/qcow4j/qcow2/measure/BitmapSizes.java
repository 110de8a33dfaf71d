package io.github.qcow4j.qcow2.measure;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.measure.MeasureTarget.Qcow2;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How much copies of an image's bitmaps take in a qcow2 image. Pure arithmetic. */
final class BitmapSizes {

  private static final int DIRECTORY_ENTRY_BYTES = 24;

  private BitmapSizes() {}

  /** The bytes, all bits being stored; null when source or target is of a kind without bitmaps. */
  static @Nullable Long of(DiskImage source, Qcow2 target) {
    if (target.version() < 3
        || !(source instanceof Qcow2Image image)
        || image.header().version() < 3) {
      return null;
    }
    return of(image.bitmaps(), image.header().virtualSize(), target);
  }

  private static long of(List<Bitmap> bitmaps, long virtualSize, Qcow2 target) {
    long directoryBytes = 0;
    long total = 0;
    for (Bitmap bitmap : bitmaps) {
      int nameBytes = bitmap.name().getBytes(StandardCharsets.UTF_8).length;
      directoryBytes += Qcow2Sizes.roundUp(DIRECTORY_ENTRY_BYTES + nameBytes, Long.BYTES);
      long bits = Qcow2Sizes.ceilDiv(virtualSize, bitmap.granularityBytes());
      long clusters = Qcow2Sizes.ceilDiv(Qcow2Sizes.ceilDiv(bits, Byte.SIZE), target.clusterSize());
      total += clusters * target.clusterSize();
      total += Qcow2Sizes.roundUp(clusters * Long.BYTES, target.clusterSize());
    }
    return total + Qcow2Sizes.roundUp(directoryBytes, target.clusterSize());
  }
}
