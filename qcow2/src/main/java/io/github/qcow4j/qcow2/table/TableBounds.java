package io.github.qcow4j.qcow2.table;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import java.io.IOException;

/** Holds the place of a table against the length of its file, before memory is taken for it. */
public final class TableBounds {

  private TableBounds() {}

  /**
   * Requires that a cluster of metadata can stand where an entry says: on a cluster border, and no
   * further than host offsets reach (qcow2 specification, "Refcount table entry" and "L1 table
   * entry").
   *
   * @param file the image
   * @param hostOffset the place, as the entry says it
   * @param clusterSize the cluster size in bytes
   * @param name what to call the cluster in the error
   * @throws CorruptImageException when nothing can stand there; the file is not touched
   */
  public static void requirePossible(BlockFile file, long hostOffset, int clusterSize, String name)
      throws CorruptImageException {
    boolean unaligned = (hostOffset & (clusterSize - 1)) != 0;
    if (unaligned || Long.compareUnsigned(hostOffset, FormatLimits.MAX_HOST_OFFSET) >= 0) {
      throw new CorruptImageException(
          file.path(),
          name
              + " offset 0x"
              + Long.toHexString(hostOffset)
              + (unaligned ? " unaligned" : " lies beyond all that an image can have"),
          name,
          -1);
    }
  }

  /**
   * Requires that a table lies within the file, where the file's last cluster counts as whole:
   * images need not end on a cluster boundary.
   *
   * @param file the image
   * @param hostOffset where the table begins
   * @param bytes its length in bytes
   * @param clusterSize the cluster size in bytes
   * @param name what to call the table in the error
   */
  public static void requireWithinFile(
      BlockFile file, long hostOffset, long bytes, int clusterSize, String name)
      throws IOException {
    if (bytes == 0) {
      return;
    }
    long fileBytes = file.size();
    long wholeClusters = (fileBytes + clusterSize - 1) & -clusterSize;
    if (hostOffset < 0 || hostOffset > wholeClusters - bytes) {
      throw new CorruptImageException(
          file.path(),
          name + " reaches past the end of the file (" + fileBytes + " bytes)",
          name,
          hostOffset);
    }
  }
}
