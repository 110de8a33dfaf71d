package io.github.qcow4j.qcow2.transfer;

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
public final class DataRanges {

  private final List<DiskImage> layers;
  private final Map<Integer, Boolean> sparseByDepth = new HashMap<>();
  private final Map<Integer, Long> sizeByDepth = new HashMap<>();

  /**
   * The last answer for each layer, which holds for many pieces. Asking for each piece made a
   * conversion of 1 GiB on tmpfs three times as long, and for each change of the layer a chain of
   * four still one and a half times: there the kernel visits every page up to the next hole.
   */
  private final Map<Integer, HostRange> lastByDepth = new HashMap<>();

  /**
   * @param image the disk whose extents are asked about, with all its layers
   */
  public DataRanges(DiskImage image) {
    this.layers = image.layers();
  }

  /**
   * The beginning of what is left of an extent.
   *
   * @param hole whether it is a hole of the layer's file, and so zeros
   * @param lengthBytes for how many bytes that holds
   */
  public record Range(boolean hole, long lengthBytes) {}

  private record HostRange(boolean hole, long start, long end) {

    boolean covers(long hostOffset) {
      return start <= hostOffset && hostOffset < end;
    }
  }

  /**
   * What stands at an offset within an extent of data.
   *
   * @param extent one that holds data
   * @param guestOffset an offset within it
   */
  public Range at(Extent extent, long guestOffset) throws IOException {
    long left = extent.end() - guestOffset;
    if (!isSparse(extent.depth())) {
      return new Range(false, left);
    }
    long hostOffset = extent.hostOffset() + (guestOffset - extent.guestOffset());
    HostRange last = lastByDepth.get(extent.depth());
    if (last == null || !last.covers(hostOffset)) {
      last = ask(extent.depth(), hostOffset);
      lastByDepth.put(extent.depth(), last);
    }
    return new Range(last.hole, Math.min(left, last.end - hostOffset));
  }

  /** Where the beginning of what is left of an extent stands, as far as its file reaches. */
  public FilePlace place(Extent extent, long guestOffset, long lengthBytes) throws IOException {
    BlockFile file = layers.get(extent.depth()).dataFile();
    Long size = sizeByDepth.get(extent.depth());
    if (size == null) {
      size = file.size();
      sizeByDepth.put(extent.depth(), size);
    }
    long hostOffset = extent.hostOffset() + (guestOffset - extent.guestOffset());
    return new FilePlace(file, hostOffset, Math.clamp(size - hostOffset, 0, lengthBytes));
  }

  private HostRange ask(int depth, long hostOffset) throws IOException {
    BlockFile file = layers.get(depth).dataFile();
    long data = file.nextData(hostOffset);
    if (data != hostOffset) {
      return new HostRange(true, hostOffset, data < 0 ? Long.MAX_VALUE : data);
    }
    long hole = file.nextHole(hostOffset);
    return new HostRange(false, hostOffset, hole < 0 ? Long.MAX_VALUE : hole);
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
