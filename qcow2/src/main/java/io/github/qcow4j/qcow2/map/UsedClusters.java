package io.github.qcow4j.qcow2.map;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.TableBounds;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Counts the clusters of an image that are in use, by its stored refcounts (qcow2 specification,
 * "Host cluster management").
 */
final class UsedClusters {

  private static final long OFFSET_MASK = -512L;

  private final BlockFile file;
  private final Qcow2Header header;

  UsedClusters(BlockFile file, Qcow2Header header) {
    this.file = file;
    this.header = header;
  }

  /**
   * Whether at least so many of the file's clusters are in use.
   *
   * @param threshold how many
   * @param fileClusters how many clusters the file has
   * @throws CorruptImageException when the refcount table or a block of it cannot be where it is
   *     said to be
   */
  boolean reach(long threshold, long fileClusters) throws IOException {
    long perBlock = (header.clusterSize() * 8L) >> header.refcountOrder();
    ByteBuffer table = table((fileClusters + perBlock - 1) / perBlock);
    ByteBuffer block = ByteBuffer.allocate(header.clusterSize());
    long used = 0;
    for (int i = 0; i * perBlock < fileClusters && i < table.limit() / 8; i++) {
      long blockOffset = table.getLong(i * 8) & OFFSET_MASK;
      if (blockOffset != 0) {
        load(block, blockOffset);
        used += usedIn(block, (int) Math.min(perBlock, fileClusters - i * perBlock));
        if (used >= threshold) {
          return true;
        }
      }
    }
    return false;
  }

  private ByteBuffer table(long entries) throws IOException {
    long bytes = Integer.toUnsignedLong(header.refcountTableClusters()) * header.clusterSize();
    ByteBuffer table = ByteBuffer.allocate((int) Math.min(bytes, entries * 8));
    TableBounds.requireWithinFile(
        file, header.refcountTableOffset(), table.limit(), header.clusterSize(), "refcount table");
    file.readPadded(table, header.refcountTableOffset());
    return table.flip();
  }

  private void load(ByteBuffer block, long blockOffset) throws IOException {
    if (blockOffset < 0 || (blockOffset & (header.clusterSize() - 1)) != 0) {
      throw new CorruptImageException(
          file.path(), "Refcount block offset invalid", "refcount table", blockOffset);
    }
    file.readPadded(block.clear(), blockOffset);
    block.flip();
  }

  private int usedIn(ByteBuffer block, int counters) {
    int used = 0;
    for (int i = 0; i < counters; i++) {
      boolean free =
          switch (header.refcountOrder()) {
            case 6 -> block.getLong(i * 8) == 0;
            case 5 -> block.getInt(i * 4) == 0;
            case 4 -> block.getShort(i * 2) == 0;
            case 3 -> block.get(i) == 0;
            default -> partOfByte(block, i) == 0;
          };
      used += free ? 0 : 1;
    }
    return used;
  }

  /** Counters of less than a byte stand in it from the least significant bits on. */
  private int partOfByte(ByteBuffer block, int index) {
    int width = 1 << header.refcountOrder();
    int bit = index << header.refcountOrder();
    return (block.get(bit >> 3) >> (bit & 7)) & ((1 << width) - 1);
  }
}
