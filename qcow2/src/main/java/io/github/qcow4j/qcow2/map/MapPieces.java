package io.github.qcow4j.qcow2.map;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.RawImage;
import io.github.qcow4j.qcow2.transfer.StoredRuns;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Answers what stands at one place of a disk. Neighbouring answers may turn out to belong together;
 * {@link MapWalk} joins them. For one thread.
 *
 * <p>Extents tell most of it. Two things are asked of the file that holds data: where a raw file
 * ends, for the zeros that round its disk up to whole sectors; and, in an image whose metadata were
 * allocated before its data, which data clusters are holes.
 */
public final class MapPieces {

  private final DiskImage image;
  private final List<DiskImage> layers;
  private final PreallocatedLayers preallocated = new PreallocatedLayers();

  /** The lengths of raw layers' files, by depth, as they were when they were first asked for. */
  private final Map<Integer, Long> rawBytes = new HashMap<>();

  /**
   * @param image the image, which stays open as long as questions are asked
   */
  public MapPieces(DiskImage image) {
    this.image = image;
    this.layers = image.layers();
  }

  /**
   * The entry that begins at a guest offset.
   *
   * @param guestOffset where, {@code 0 <= guestOffset < virtualSize}
   * @param maxBytes how many bytes matter at most, {@code >= 1}
   * @throws IOException as {@link DiskImage#extentAt} does, and when the file cannot be asked
   */
  public MapEntry at(long guestOffset, long maxBytes) throws IOException {
    Extent extent = image.extentAt(guestOffset, maxBytes);
    DiskImage layer = layers.get(extent.depth());
    if (extent.kind() == Extent.Kind.DATA) {
      if (layer instanceof RawImage) {
        return dataOfRawFile(extent, layer.dataFile());
      }
      StoredRuns runs = preallocated.runsOf(layer);
      if (runs != null) {
        long hostOffset = extent.hostOffset();
        StoredRuns.Run run = runs.at(hostOffset);
        long length = Math.min(extent.lengthBytes(), run.lengthBytes());
        return entry(extent, length, run.hole(), true, layer.dataFile());
      }
    }
    boolean data = extent.kind() == Extent.Kind.DATA || extent.kind() == Extent.Kind.COMPRESSED;
    return entry(extent, extent.lengthBytes(), !data, data, layer.dataFile());
  }

  private MapEntry dataOfRawFile(Extent extent, BlockFile file) throws IOException {
    Long fileBytes = rawBytes.get(extent.depth());
    if (fileBytes == null) {
      fileBytes = file.size();
      rawBytes.put(extent.depth(), fileBytes);
    }
    long inFile = fileBytes - extent.hostOffset();
    return inFile <= 0
        ? entry(extent, extent.lengthBytes(), true, false, file)
        : entry(extent, Math.min(extent.lengthBytes(), inFile), false, true, file);
  }

  private static MapEntry entry(
      Extent extent, long length, boolean zero, boolean data, BlockFile file) {
    boolean placed = extent.hostOffset() >= 0;
    return new MapEntry(
        extent.guestOffset(),
        length,
        extent.depth(),
        extent.kind() != Extent.Kind.UNALLOCATED,
        zero,
        data,
        extent.hostOffset(),
        placed ? file.path() : null);
  }
}
