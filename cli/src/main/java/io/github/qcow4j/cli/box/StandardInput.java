package io.github.qcow4j.cli.box;

import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A stream whose sender may take for ever: whoever reads here hears all the same that the job is to
 * stop, and may clean up. Nothing ends a read that waits, so a thread of its own makes it, for
 * which the end of the program does not wait. For one thread at a time.
 */
final class StandardInput implements ReadableByteChannel {

  /** What a pipe holds. */
  private static final int BUFFER_BYTES = 1 << 16;

  /** How often a reader looks whether the job is to stop: far less than the time to clean up. */
  private static final long LOOK_MILLIS = 100;

  private final InputStream stream;
  private final JobControl control;
  private final ExecutorService reader =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("qcow4j-standard-input").factory());
  private final byte[] bytes = new byte[BUFFER_BYTES];

  /** What was read and not handed on. */
  private final ByteBuffer ahead = ByteBuffer.wrap(bytes).limit(0);

  /**
   * @param stream where the bytes come from; stays the caller's
   * @param control stops the job that reads
   */
  StandardInput(InputStream stream, JobControl control) {
    this.stream = stream;
    this.control = control;
  }

  /**
   * Waits for bytes.
   *
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when the job is to stop
   */
  @Override
  public int read(ByteBuffer target) throws IOException {
    control.checkpoint();
    if (!target.hasRemaining()) {
      return 0;
    } else if (!ahead.hasRemaining()) {
      int count = awaited(reader.submit(() -> stream.read(bytes)));
      if (count < 0) {
        return -1;
      }
      ahead.clear().limit(count);
    }
    int count = Math.min(ahead.remaining(), target.remaining());
    target.put(ahead.slice(ahead.position(), count));
    ahead.position(ahead.position() + count);
    return count;
  }

  private int awaited(Future<Integer> reading) throws IOException {
    while (true) {
      try {
        return reading.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        control.checkpoint();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while reading standard input");
      }
    }
  }

  @Override
  public boolean isOpen() {
    return !reader.isShutdown();
  }

  /** Reads no more; a read that waits, and hears of no interrupt, is left to itself. */
  @Override
  public void close() {
    var _ = reader.shutdownNow();
  }
}
