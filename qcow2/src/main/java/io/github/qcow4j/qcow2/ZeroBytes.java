package io.github.qcow4j.qcow2;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Zeros in buffers. */
final class ZeroBytes {

  private ZeroBytes() {}

  /** Zeroes what remains of {@code target} and moves its position to its limit. */
  static void fill(ByteBuffer target) {
    if (target.hasRemaining()) {
      MemorySegment.ofBuffer(target).fill((byte) 0);
      target.position(target.limit());
    }
  }
}
