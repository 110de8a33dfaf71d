package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.transfer.DataRanges;
import io.github.qcow4j.qcow2.transfer.FilePlace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Several disks, one behind the other, as one. Reading is safe for many threads; asking for extents
 * is for one at a time.
 */
class ConvertSource {

  private final List<DiskImage> images;
  private final List<DataRanges> ranges = new ArrayList<>();
  private final long[] starts;
  private final long backingBytes;
  private final int heldDepth;
  private final long skippedBytes;
  private final long sizeBytes;

  /**
   * @param images the disks
   * @param backingBytes size of the target's backing file, to which is left what the topmost layer
   *     does not hold, and behind whose end the target reads as zeros; {@link
   *     ConvertTarget#NO_BACKING} without one
   * @param heldDepth the layer whose content the target has already; {@link ConvertTarget#NO_LAYER}
   *     without one
   */
  ConvertSource(List<DiskImage> images, long backingBytes, int heldDepth) {
    this(
        images,
        backingBytes,
        heldDepth,
        0,
        images.stream().mapToLong(DiskImage::virtualSize).sum());
  }

  /** All of the disks, for a target that has nothing of them. */
  ConvertSource(List<DiskImage> images, long backingBytes) {
    this(images, backingBytes, ConvertTarget.NO_LAYER);
  }

  /**
   * A part of the disks.
   *
   * @param skippedBytes where it begins
   * @param sizeBytes how long it is
   */
  ConvertSource(List<DiskImage> images, long backingBytes, long skippedBytes, long sizeBytes) {
    this(images, backingBytes, ConvertTarget.NO_LAYER, skippedBytes, sizeBytes);
  }

  private ConvertSource(
      List<DiskImage> images, long backingBytes, int heldDepth, long skippedBytes, long sizeBytes) {
    this.heldDepth = heldDepth;
    this.images = List.copyOf(images);
    this.backingBytes = backingBytes;
    this.skippedBytes = skippedBytes;
    this.sizeBytes = sizeBytes;
    this.starts = new long[images.size() + 1];
    for (int i = 0; i < images.size(); i++) {
      starts[i + 1] = Math.addExact(starts[i], images.get(i).virtualSize());
      ranges.add(new DataRanges(images.get(i)));
    }
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /**
   * What stands at an offset.
   *
   * @param end where the extent ends, counted from the first disk's beginning
   * @param content what it holds
   * @param place where its beginning stands as plain bytes, or null when nowhere
   */
  record SourceExtent(long end, Segment.Content content, @Nullable FilePlace place) {

    SourceExtent(long end, Segment.Content content) {
      this(end, content, null);
    }
  }

  /** The extent at an offset, counted from where the sources' part begins. */
  SourceExtent extentAt(long offset) throws IOException {
    SourceExtent found = diskExtentAt(skippedBytes + offset);
    long end = Math.min(found.end() - skippedBytes, sizeBytes);
    if (found.content() == Segment.Content.ZEROS && backingBytes != ConvertTarget.NO_BACKING) {
      return zerosOverBacking(offset, end);
    }
    // The file may go on behind the part.
    FilePlace place = found.place();
    return new SourceExtent(end, found.content(), place == null ? null : place.first(end - offset));
  }

  /** Behind the end of its backing file the target is zeros without being told. */
  private SourceExtent zerosOverBacking(long offset, long end) {
    return offset >= backingBytes
        ? new SourceExtent(end, Segment.Content.LEFT_TO_BACKING)
        : new SourceExtent(Math.min(end, backingBytes), Segment.Content.ZEROS);
  }

  private SourceExtent diskExtentAt(long offset) throws IOException {
    int index = imageAt(offset);
    DiskImage image = images.get(index);
    long guestOffset = offset - starts[index];
    Extent extent = image.extentAt(guestOffset, image.virtualSize() - guestOffset);
    if (isLeftToBacking(image, extent) || isHeld(extent)) {
      return new SourceExtent(offset + extent.lengthBytes(), Segment.Content.LEFT_TO_BACKING);
    }
    if (extent.readsAsZeros()) {
      return new SourceExtent(offset + extent.lengthBytes(), Segment.Content.ZEROS);
    }
    if (extent.kind() != Extent.Kind.DATA) {
      return new SourceExtent(offset + extent.lengthBytes(), Segment.Content.DATA);
    }
    DataRanges.Range range = ranges.get(index).at(extent, guestOffset);
    long end = offset + range.lengthBytes();
    return range.hole()
        ? new SourceExtent(end, Segment.Content.ZEROS)
        : new SourceExtent(
            end,
            Segment.Content.DATA,
            ranges.get(index).place(extent, guestOffset, range.lengthBytes()));
  }

  /**
   * Requires that the tables which all else is looked up by can be read, of all layers of the disk
   * at an offset. Without one of them nothing of a disk is known, and what is not known of each of
   * its sectors could be told for years.
   */
  void requireL1Tables(long offset) throws IOException {
    for (DiskImage layer : images.get(imageAt(skippedBytes + offset)).layers()) {
      if (layer instanceof Qcow2Image image) {
        image.requireL1Table();
      }
    }
  }

  private boolean isLeftToBacking(DiskImage image, Extent extent) {
    DiskImage backing = image.backing();
    return backingBytes != ConvertTarget.NO_BACKING && backing != null && extent.depth() > 0;
  }

  private boolean isHeld(Extent extent) {
    return heldDepth != ConvertTarget.NO_LAYER
        && (extent.depth() == heldDepth || (extent.depth() > heldDepth && extent.readsAsZeros()));
  }

  /** Fills {@code target}, across disks where it must. */
  void read(long offset, ByteBuffer target) throws IOException {
    int limit = target.limit();
    long position = skippedBytes + offset;
    for (int i = imageAt(position); target.position() < limit; i++) {
      int count = (int) Math.min(limit - target.position(), starts[i + 1] - position);
      ByteBuffer part = target.slice(target.position(), count);
      try {
        images.get(i).read(position - starts[i], part);
      } finally {
        target.position(target.position() + part.position());
      }
      position += count;
    }
  }

  private int imageAt(long offset) {
    int index = 0;
    while (index < images.size() - 1 && offset >= starts[index + 1]) {
      index++;
    }
    return index;
  }
}
