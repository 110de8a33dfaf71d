package io.github.qcow4j.qcow2.crash;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * What an image may hold from some moment on.
 *
 * @param image which image
 * @param content the disk
 * @param snapshots what its internal snapshots hold, in order
 * @param durable whether it can hold nothing older from now on
 */
record DiskVersion(Path image, ByteBuffer content, List<ByteBuffer> snapshots, boolean durable) {

  static final int SECTOR_BYTES = 512;

  int sizeBytes() {
    return content.capacity();
  }

  /** The same, and nothing older from now on. */
  DiskVersion asDurable() {
    return new DiskVersion(image, content, snapshots, true);
  }

  boolean hasSector(byte[] disk, int start) {
    return content
        .slice(start, SECTOR_BYTES)
        .equals(ByteBuffer.wrap(disk, start, SECTOR_BYTES).slice());
  }
}
