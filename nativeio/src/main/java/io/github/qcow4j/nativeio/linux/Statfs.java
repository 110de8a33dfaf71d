package io.github.qcow4j.nativeio.linux;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * What {@code statfs(2)} says of a file system. Its structure has one layout on all architectures
 * of 64 bits that {@link OpenFlags} knows.
 *
 * @param magic which kind it is
 * @param blockBytes its blocks
 */
record Statfs(long magic, long blockBytes) {

  /** Size of {@code struct statfs}. */
  static final int STRUCT_BYTES = 120;

  static Statfs of(MemorySegment struct) {
    ByteBuffer fields = StructBytes.of(struct);
    return new Statfs(fields.getLong(0), fields.getLong(8));
  }
}
