package io.github.qcow4j.qcow2.map;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.RawImage;
import java.io.IOException;
import java.util.List;

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
        long length = Math.min(extent.lengthBytes(), runs.length(hostOffset));
        return entry(extent, length, !runs.hasData(hostOffset), true, layer.dataFile());
      }
    }
    boolean data = extent.kind() == Extent.Kind.DATA || extent.kind() == Extent.Kind.COMPRESSED;
    return entry(extent, extent.lengthBytes(), !data, data, layer.dataFile());
  }

  private static MapEntry dataOfRawFile(Extent extent, BlockFile file) throws IOException {
    long inFile = file.size() - extent.hostOffset();
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
