package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.DiskImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Several disks, one behind the other, as one. Safe for many threads. */
final class ConvertSource {

  private final List<DiskImage> images;
  private final long[] starts;

  ConvertSource(List<DiskImage> images) {
    this.images = List.copyOf(images);
    this.starts = new long[images.size() + 1];
    for (int i = 0; i < images.size(); i++) {
      starts[i + 1] = Math.addExact(starts[i], images.get(i).virtualSize());
    }
  }

  long sizeBytes() {
    return starts[starts.length - 1];
  }

  int imageCount() {
    return images.size();
  }

  DiskImage image(int index) {
    return images.get(index);
  }

  /** Where the disk of that number begins. */
  long start(int index) {
    return starts[index];
  }

  /** Fills {@code target} from one disk; {@code offset} counts from the first disk's beginning. */
  void read(int imageIndex, long offset, ByteBuffer target) throws IOException {
    images.get(imageIndex).read(offset - starts[imageIndex], target);
  }
}
