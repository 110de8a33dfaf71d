package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.CopyResult;

/**
 * What a conversion did.
 *
 * @param totalBytes size of the disk that was converted
 * @param copied data brought to the target, and in which way; with a compressed target the bytes
 *     that were written
 * @param zeroBytes bytes found to be zeros, by their extents or by looking at data
 * @param unreadableBytes bytes that could not be read and became zeros; only when salvaging
 */
public record ConvertResult(
    long totalBytes, CopyResult copied, long zeroBytes, long unreadableBytes) {

  /** Data brought to the target, in whatever way. */
  public long writtenBytes() {
    return copied.totalBytes();
  }
}
