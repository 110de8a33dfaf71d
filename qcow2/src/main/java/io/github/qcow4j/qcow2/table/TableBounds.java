package io.github.qcow4j.qcow2.table;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import java.io.IOException;

/** Holds the place of a table against the length of its file, before memory is taken for it. */
public final class TableBounds {

  /**
   * What may be walked of tables whatever the file takes. A check that walks one L2 table of 64 KiB
   * so often takes 2.0 s, and 3.2 s for one L1 table of 32 MiB.
   */
  private static final long WALKABLE_BYTES = 4L << 30;

  /**
   * How many times its own storage an image may have walked beside that. Every table takes storage
   * of its own, but L2 tables may be named by many snapshots: of an image with clusters of 64 KiB
   * each of the 65,536 snapshots that there may be can name all L2 tables, with clusters of 4 KiB
   * 16,384 can.
   */
  private static final long TIMES_STORAGE = 32;

  private TableBounds() {}

  /**
   * How much of an image's tables is walked before it is taken for one that was made to be walked
   * for ever: 34 MB can name 256 GiB of L2 tables, and so can the holes of a file.
   *
   * @return so many bytes of tables, each counted as often as it is named
   */
  public static long walkableBytes(BlockFile file) throws IOException {
    return WALKABLE_BYTES
        + TIMES_STORAGE * Math.min(storageBytes(file), Long.MAX_VALUE / (2 * TIMES_STORAGE));
  }

  /** The storage that an image takes, in bytes; of a device all of it. */
  public static long storageBytes(BlockFile file) throws IOException {
    return file.kind() == FileKind.BLOCK_DEVICE ? file.size() : file.allocatedSize();
  }

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
