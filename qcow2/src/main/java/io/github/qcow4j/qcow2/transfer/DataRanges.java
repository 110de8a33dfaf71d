package io.github.qcow4j.qcow2.transfer;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Holes behind data clusters: a preallocated image maps its whole disk as data, while its file has
 * holes there. They are asked for only where a layer's file holds less storage than its length. For
 * one thread at a time.
 */
public final class DataRanges {

  private final List<DiskImage> layers;
  private final Map<Integer, Optional<StoredRuns>> runsByDepth = new HashMap<>();
  private final Map<Integer, Long> sizeByDepth = new HashMap<>();

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

  /**
   * What stands at an offset within an extent of data.
   *
   * @param extent one that holds data
   * @param guestOffset an offset within it
   */
  public Range at(Extent extent, long guestOffset) throws IOException {
    long left = extent.end() - guestOffset;
    StoredRuns runs = runsOf(extent.depth());
    if (runs == null) {
      return new Range(false, left);
    }
    long hostOffset = extent.hostOffset() + (guestOffset - extent.guestOffset());
    StoredRuns.Run run = runs.at(hostOffset);
    return new Range(run.hole(), Math.min(left, run.lengthBytes()));
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

  /** What of a layer's file is stored, or null where all of it is. */
  private @Nullable StoredRuns runsOf(int depth) throws IOException {
    Optional<StoredRuns> known = runsByDepth.get(depth);
    if (known == null) {
      BlockFile file = layers.get(depth).dataFile();
      boolean sparse = file.allocatedSize() < file.size();
      known = sparse ? Optional.of(new StoredRuns(file)) : Optional.empty();
      runsByDepth.put(depth, known);
    }
    return known.orElse(null);
  }
}
