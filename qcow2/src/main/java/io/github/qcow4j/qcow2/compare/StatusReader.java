package io.github.qcow4j.qcow2.compare;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.map.MapEntry;
import io.github.qcow4j.qcow2.map.MapPieces;
import java.io.IOException;
import java.util.List;

/**
 * Asks an image what stands where, as {@code qemu-img compare -s} asks. For one thread.
 *
 * <p>A strict comparison also compares whether an answer reaches the end of the disk, which depends
 * on how far an answer goes: in QEMU no further than one L2 table reaches, nor than 2 GiB. That is
 * kept to here, so that both tools call the same images different.
 */
final class StatusReader {

  private final DiskImage image;
  private final List<DiskImage> layers;
  private final MapPieces pieces;

  StatusReader(DiskImage image) {
    this.image = image;
    this.layers = image.layers();
    this.pieces = new MapPieces(image);
  }

  BlockStatus at(long guestOffset) throws IOException {
    MapEntry entry = pieces.at(guestOffset, image.virtualSize() - guestOffset);
    long length = entry.length();
    for (DiskImage layer : layers.subList(0, entry.depth() + 1)) {
      length = Math.min(length, answerLimit(layer, guestOffset));
    }
    long end = guestOffset + length;
    DiskImage deciding = layers.get(entry.depth());
    boolean pastBacking = !entry.present() && deciding.backing() != null;
    boolean nowhere = !entry.present() && deciding.backing() == null;
    return new BlockStatus(
        length,
        entry.present() || pastBacking,
        entry.zero(),
        entry.data(),
        entry.hasOffset() && !pastBacking,
        end == image.virtualSize() || (nowhere && end == deciding.virtualSize()));
  }

  private static long answerLimit(DiskImage layer, long guestOffset) {
    if (!(layer instanceof Qcow2Image qcow2)) {
      return Long.MAX_VALUE;
    }
    long tableBytes = 1L << qcow2.header().l2CoverageBits();
    return Math.min(Integer.MAX_VALUE, tableBytes - (guestOffset & (tableBytes - 1)));
  }
}
