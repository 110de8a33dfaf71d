package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.BlockFile;

/**
 * Which part of a copy could be shared: the whole blocks in it, where they begin at the same place
 * within a block in both files.
 *
 * @param headBytes how many bytes lie before it
 * @param lengthBytes its length, 0 when there is none
 */
record SharedBlocks(long headBytes, long lengthBytes) {

  /** Nothing can be shared. */
  static final SharedBlocks NONE = new SharedBlocks(0, 0);

  private static final int BLOCK = BlockFile.SHARED_BLOCK_BYTES;

  /** The part of a range that ends with the source. */
  static SharedBlocks of(
      long sourceOffset, long targetOffset, long lengthBytes, long sourceSizeBytes) {
    if (sourceOffset % BLOCK != targetOffset % BLOCK) {
      return NONE;
    }
    long head = -sourceOffset & (BLOCK - 1);
    long there = Math.min(lengthBytes, sourceSizeBytes - sourceOffset) - head;
    return there < BLOCK ? NONE : new SharedBlocks(head, there & -BLOCK);
  }
}
