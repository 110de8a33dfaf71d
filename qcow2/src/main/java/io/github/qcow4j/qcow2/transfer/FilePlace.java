package io.github.qcow4j.qcow2.transfer;

import io.github.qcow4j.nativeio.BlockFile;

/**
 * Where bytes of a disk stand as they are.
 *
 * @param file in which file
 * @param fileOffset from where on
 * @param lengthBytes how many of them the file holds
 */
public record FilePlace(BlockFile file, long fileOffset, long lengthBytes) {

  /** The same bytes from a later one on. */
  public FilePlace skip(long bytes) {
    return new FilePlace(file, fileOffset + bytes, Math.max(0, lengthBytes - bytes));
  }

  /** The beginning of them, all if they are not more than that. */
  public FilePlace first(long bytes) {
    return new FilePlace(file, fileOffset, Math.min(lengthBytes, bytes));
  }

  /** Whether {@code next} stands right behind, in the same file. */
  boolean continuedBy(FilePlace next) {
    return next.file.equals(file) && next.fileOffset == fileOffset + lengthBytes;
  }

  /** Both together. */
  FilePlace plus(FilePlace next) {
    return new FilePlace(file, fileOffset, lengthBytes + next.lengthBytes);
  }
}
