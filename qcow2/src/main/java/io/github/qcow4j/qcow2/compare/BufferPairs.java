package io.github.qcow4j.qcow2.compare;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.compare.ComparisonException.Stage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Pairs of direct buffers, one for each image, made as threads need them. Thread safe. */
final class BufferPairs {

  private final int bytes;
  private final ByteBuffer zeros;
  private final ConcurrentLinkedQueue<Pair> free = new ConcurrentLinkedQueue<>();

  BufferPairs(int bytes) {
    this.bytes = bytes;
    this.zeros = ByteBuffer.allocateDirect(bytes).asReadOnlyBuffer();
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
      ByteBuffer.allocateDirect(bytes), ByteBuffer.allocateDirect(bytes)
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
      return buffers[0].mismatch(buffers[1]);
    }

    /** The first byte of an image's buffer that is not zero, or -1. */
    int nonZero(int imageIndex) {
      ByteBuffer buffer = buffers[imageIndex];
      return buffer.mismatch(zeros.slice(0, buffer.remaining()));
    }
  }
}
