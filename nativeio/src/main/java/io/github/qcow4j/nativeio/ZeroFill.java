package io.github.qcow4j.nativeio;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Fills buffers with zeros. */
final class ZeroFill {

  private ZeroFill() {}

  /** Zeroes what remains of {@code target} and moves its position to its limit. */
  static void fillRemaining(ByteBuffer target) {
    if (target.hasRemaining()) {
      MemorySegment.ofBuffer(target).fill((byte) 0);
      target.position(target.limit());
    }
  }
}
