package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Holes behind data clusters: a preallocated image maps its whole disk as data, while its file has
 * holes there. They are asked for only where a layer's file holds less storage than its length. For
 * one thread at a time.
 */
final class DataRanges {

  private final List<DiskImage> layers;
  private final Map<Integer, Boolean> sparseByDepth = new HashMap<>();

  DataRanges(DiskImage image) {
    this.layers = image.layers();
  }

  /**
   * The beginning of what is left of an extent.
   *
   * @param hole whether it is a hole of the layer's file, and so zeros
   * @param lengthBytes for how many bytes that holds
   */
  record Range(boolean hole, long lengthBytes) {}

  Range at(Extent extent, long guestOffset) throws IOException {
    long left = extent.end() - guestOffset;
    if (!isSparse(extent.depth())) {
      return new Range(false, left);
    }
    BlockFile file = layers.get(extent.depth()).dataFile();
    long hostOffset = extent.hostOffset() + (guestOffset - extent.guestOffset());
    long data = file.nextData(hostOffset);
    if (data != hostOffset) {
      return new Range(true, data < 0 ? left : Math.min(left, data - hostOffset));
    }
    long hole = file.nextHole(hostOffset);
    return new Range(false, hole < 0 ? left : Math.min(left, hole - hostOffset));
  }

  private boolean isSparse(int depth) throws IOException {
    Boolean known = sparseByDepth.get(depth);
    if (known == null) {
      BlockFile file = layers.get(depth).dataFile();
      known = file.allocatedSize() < file.size();
      sparseByDepth.put(depth, known);
    }
    return known;
  }
}
