package io.github.qcow4j.qcow2.convert;

import java.nio.ByteBuffer;

/**
 * Finds blocks of zeros in data. Blocks are aligned to their size on the disk, so that the result
 * does not depend on how the work was cut.
 */
final class ZeroBlocks {

  private final int blockBytes;
  private final ByteBuffer zeros;

  /**
   * @param blockBytes the size of a block, a multiple of 512
   */
  ZeroBlocks(int blockBytes) {
    this.blockBytes = blockBytes;
    this.zeros = ByteBuffer.allocateDirect(blockBytes);
  }

  /**
   * The length of the run that begins at {@code from}: all zeros or all data, in whole blocks.
   *
   * @param data bytes of the disk
   * @param from index in {@code data} to begin at
   * @param to index to end at
   * @param diskOffset where on the disk {@code from} stands
   * @return the length, negative for a run of zeros
   */
  int run(ByteBuffer data, int from, int to, long diskOffset) {
    int end = blockEnd(from, to, diskOffset);
    boolean zero = isZero(data, from, end);
    while (end < to) {
      int next = blockEnd(end, to, diskOffset + (end - from));
      if (isZero(data, end, next) != zero) {
        break;
      }
      end = next;
    }
    return zero ? from - end : end - from;
  }

  private int blockEnd(int from, int to, long diskOffset) {
    long toBoundary = blockBytes - diskOffset % blockBytes;
    return (int) Math.min(to, from + toBoundary);
  }

  /**
   * Whether a range of at most a block is zeros. Nearly all data differs from zero in its first
   * bytes, which decides it without a call.
   */
  boolean isZero(ByteBuffer data, int from, int to) {
    if (to - from >= Long.BYTES && data.getLong(from) != 0) {
      return false;
    }
    return data.slice(from, to - from).mismatch(zeros.slice(0, to - from)) < 0;
  }
}
