package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.AlignedBuffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What one thread of a conversion works with, allocated once. */
final class ThreadBuffers implements AutoCloseable {

  private final ByteBuffer data;
  private final ZeroBlocks zeroBlocks;
  private @Nullable ByteBuffer zeros;

  private final @Nullable CompressedBatch batch;

  /**
   * @param pieceBytes the largest piece of data
   * @param sparseBytes size of a block of zeros that becomes a hole, or 0
   * @param compressing the target, if it stores clusters compressed
   */
  ThreadBuffers(int pieceBytes, int sparseBytes, @Nullable CompressingTarget compressing)
      throws IOException {
    this.data = AlignedBuffers.allocate(pieceBytes);
    this.zeroBlocks = new ZeroBlocks(Math.max(sparseBytes, 512));
    this.batch = compressing == null ? null : new CompressedBatch(compressing, sparseBytes == 0);
  }

  /** Where clusters are compressed, or null when they are not. */
  @Nullable CompressedBatch batch() {
    return batch;
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

  @Override
  public void close() {
    if (batch != null) {
      batch.close();
    }
  }
}
