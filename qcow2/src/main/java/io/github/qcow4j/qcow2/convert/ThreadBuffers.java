package io.github.qcow4j.qcow2.convert;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What one thread of a conversion works with, allocated once. */
final class ThreadBuffers {

  private static final int PAGE_BYTES = 4096;

  private final ByteBuffer data =
      ByteBuffer.allocateDirect(SegmentQueue.MAX_DATA_BYTES + PAGE_BYTES).alignedSlice(PAGE_BYTES);
  private final ZeroBlocks zeroBlocks;
  private @Nullable ByteBuffer zeros;

  ThreadBuffers(int sparseBytes) {
    this.zeroBlocks = new ZeroBlocks(Math.max(sparseBytes, 512));
  }

  ByteBuffer data(int bytes) {
    return data.clear().limit(bytes);
  }

  ByteBuffer zeros(int bytes) {
    if (zeros == null) {
      zeros = ByteBuffer.allocateDirect(SegmentQueue.MAX_DATA_BYTES);
    }
    return zeros.clear().limit(bytes);
  }

  ZeroBlocks zeroBlocks() {
    return zeroBlocks;
  }
}
