package io.github.qcow4j.qcow2.bitmap;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What copies the bitmaps of an image into another one.
 *
 * @param changes to be made to the bitmaps of the other image
 * @param skipped those that were not saved properly and are left out, the last one first
 */
public record BitmapCopy(List<BitmapChange> changes, List<Bitmap> skipped) {

  public BitmapCopy {
    changes = List.copyOf(changes);
    skipped = List.copyOf(skipped);
  }

  /**
   * Copies of all bitmaps, with their granularities, marks, and whether they follow writes.
   *
   * @param source where they are
   * @param skippingBroken whether to leave out those that were not saved properly
   * @throws BitmapChangeException when one was not saved properly and is not to be left out
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when they have more bits together
   *     than any image needs
   */
  public static BitmapCopy of(BitmapSource source, boolean skippingBroken) throws IOException {
    List<Bitmap> sound = source.bitmaps().stream().filter(bitmap -> !bitmap.inUse()).toList();
    BitmapData.requireReadable(source.file(), source.header(), sound);
    List<BitmapChange> changes = new ArrayList<>();
    List<Bitmap> skipped = new ArrayList<>();
    for (Bitmap bitmap : source.bitmaps()) {
      BitmapChange merge = new BitmapChange.Merge(bitmap.name(), bitmap.name(), source);
      if (!bitmap.inUse()) {
        changes.add(new BitmapChange.Add(bitmap.name(), bitmap.granularityBytes()));
        changes.add(merge);
        if (!bitmap.auto()) {
          changes.add(new BitmapChange.Disable(bitmap.name()));
        }
      } else if (skippingBroken) {
        skipped.addFirst(bitmap);
      } else {
        throw new BitmapChangeException(
            merge, "Cannot copy inconsistent bitmap '" + bitmap.name() + "'", true);
      }
    }
    return new BitmapCopy(changes, skipped);
  }
}
