package io.github.qcow4j.qcow2.compare;

import io.github.qcow4j.nativeio.AlignedBuffers;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.compare.ComparisonException.Stage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Pairs of direct buffers, one for each image, made as threads need them. Thread safe. */
final class BufferPairs {

  /**
   * How much one call compares. By the first compiler alone, as the command line runs, 5.3 GiB/s in
   * steps of 2 MiB and 27 GiB/s in steps of 64 KiB (16 KiB: 15, 256 KiB: 33 after four times the
   * way): the runtime has instructions of its own for it, but only where it is called from compiled
   * code, and what is called seldom is not compiled.
   */
  private static final int STEP_BYTES = 64 << 10;

  private final int bytes;
  private final ByteBuffer zeros;
  private final ConcurrentLinkedQueue<Pair> free = new ConcurrentLinkedQueue<>();

  BufferPairs(int bytes) {
    this.bytes = bytes;
    this.zeros = AlignedBuffers.allocate(bytes).asReadOnlyBuffer();
  }

  Pair take() {
    Pair pair = free.poll();
    return pair != null ? pair : new Pair();
  }

  void giveBack(Pair pair) {
    free.add(pair);
  }

  /** A buffer for each image. For one thread. */
  final class Pair {

    private final ByteBuffer[] buffers = {
      AlignedBuffers.allocate(bytes), AlignedBuffers.allocate(bytes)
    };

    void read(DiskImage[] images, int imageIndex, long guestOffset, int length)
        throws ComparisonException {
      ByteBuffer buffer = buffers[imageIndex].clear().limit(length);
      try {
        images[imageIndex].read(guestOffset, buffer);
      } catch (IOException e) {
        throw new ComparisonException(Stage.DATA, imageIndex, guestOffset, e);
      }
      buffer.flip();
    }

    /** The first byte in which the buffers differ, or -1. */
    int mismatch() {
      return firstDifference(buffers[0], buffers[1]);
    }

    /** The first byte of an image's buffer that is not zero, or -1. */
    int nonZero(int imageIndex) {
      ByteBuffer buffer = buffers[imageIndex];
      return firstDifference(buffer, zeros);
    }
  }

  private static int firstDifference(ByteBuffer left, ByteBuffer right) {
    for (int from = 0; from < left.limit(); from += STEP_BYTES) {
      int length = Math.min(STEP_BYTES, left.limit() - from);
      int at = left.slice(from, length).mismatch(right.slice(from, length));
      if (at >= 0) {
        return from + at;
      }
    }
    return -1;
  }
}
