package io.github.qcow4j.nativeio;

/**
 * A range of a file that stands in storage which other files, or other ranges, use as well.
 *
 * @param fileOffset where it begins in the file, in bytes
 * @param lengthBytes how long it is, at least 1
 * @param deviceOffset where it stands on the file's device; two ranges that stand at the same place
 *     of one device hold the same bytes
 */
public record SharedExtent(long fileOffset, long lengthBytes, long deviceOffset) {

  /** The first offset in the file behind it. */
  public long end() {
    return fileOffset + lengthBytes;
  }
}
