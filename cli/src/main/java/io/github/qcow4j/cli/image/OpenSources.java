package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Images that are closed together. */
final class OpenSources implements AutoCloseable {

  private final List<DiskImage> opened = new ArrayList<>();
  private final List<DiskImage> disks = new ArrayList<>();

  /** Adds an image, to be read and closed. */
  void add(DiskImage image) {
    opened.add(image);
    disks.add(image);
  }

  /** Has a view of the only image read instead of it. */
  void replaceOnly(DiskImage view) {
    disks.set(0, view);
  }

  /** Refuses bitmaps that cannot be copied, naming the last of them, as {@code qemu-img} does. */
  void checkBitmaps(ConvertArguments arguments) throws UsageException {
    if (!arguments.bitmaps()) {
      return;
    }
    if (opened.size() > 1) {
      throw UsageException.wrongValue("Copying bitmaps only possible with single source");
    }
    // Version 2 has no place for them.
    if (!(opened.getFirst() instanceof Qcow2Image image) || image.header().version() < 3) {
      throw UsageException.wrongValue("Source lacks bitmap support");
    }
    for (Bitmap bitmap : image.bitmaps().reversed()) {
      if (bitmap.inUse() && !arguments.skippingBrokenBitmaps()) {
        throw UsageException.wrongValue(
            "Cannot copy inconsistent bitmap '" + bitmap.name() + "'",
            "Try --skip-broken-bitmaps, or use 'qemu-img bitmap --remove' to delete it");
      }
    }
  }

  /** The image whose bitmaps are copied; only after {@link #checkBitmaps}. */
  Qcow2Image bitmapSource() {
    return (Qcow2Image) opened.getFirst();
  }

  List<DiskImage> disks() {
    return disks;
  }

  /**
   * The size of all disks together, in bytes.
   *
   * @throws LimitExceededException when they are more than any disk can have
   */
  long totalBytes() throws LimitExceededException {
    long total = 0;
    for (DiskImage disk : disks) {
      if (disk.virtualSize() > Long.MAX_VALUE - total) {
        throw new LimitExceededException(
            disk.path(), "The sources are too large together", "size of all", Long.MAX_VALUE);
      }
      total += disk.virtualSize();
    }
    return total;
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (DiskImage image : opened) {
      try {
        image.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
