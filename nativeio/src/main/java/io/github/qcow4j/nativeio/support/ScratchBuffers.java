package io.github.qcow4j.nativeio.support;

import io.github.qcow4j.nativeio.AlignedBuffers;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Direct buffers that stand in for buffers on the heap, which the kernel cannot be given while it
 * may block. A few are kept for the next call; any thread may take and give back.
 */
public final class ScratchBuffers {

  /**
   * How much of a heap buffer goes by one call. A check of 1 TiB with all metadata, which reads
   * into the heap by the megabyte, takes the same processor time with 64 KiB, 256 KiB and 1 MiB:
   * 0.26, 0.27 and 0.26 s.
   */
  public static final int SIZE_BYTES = 256 << 10;

  /**
   * As many as a job may have workers, so that none is made twice; no more, since what is kept
   * stays for ever: 4 MiB. More than these are left to the garbage collector.
   */
  private static final int KEPT = 16;

  private static final ArrayBlockingQueue<ByteBuffer> POOL = new ArrayBlockingQueue<>(KEPT);

  private ScratchBuffers() {}

  /** A cleared direct buffer of {@link #SIZE_BYTES}, aligned as {@link AlignedBuffers} are. */
  public static ByteBuffer take() {
    ByteBuffer kept = POOL.poll();
    if (kept != null) {
      return kept.clear();
    }
    return AlignedBuffers.allocate(SIZE_BYTES);
  }

  /** Gives a buffer of {@link #take} back; the caller must not touch it again. */
  public static void giveBack(ByteBuffer buffer) {
    POOL.offer(buffer);
  }
}
