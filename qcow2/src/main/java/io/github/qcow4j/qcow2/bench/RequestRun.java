package io.github.qcow4j.qcow2.bench;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs a series of requests and takes the time. */
public final class RequestRun {

  private final DiskImage image;
  private final RequestSeries series;
  private final JobControl control;
  private final RequestGate gate;

  private RequestRun(DiskImage image, RequestSeries series, JobControl control) {
    this.image = image;
    this.series = series;
    this.control = control;
    this.gate = new RequestGate(series);
  }

  /**
   * Runs the requests to their end, or to the first that fails.
   *
   * @param image the disk, open for writing when that is what they do; left open
   * @param series which requests
   * @param control counts requests
   * @return how long it took, in nanoseconds, the threads' start included
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   * @throws IOException when a request fails, or reaches behind the disk's end
   */
  public static long run(DiskImage image, RequestSeries series, JobControl control)
      throws IOException {
    control.expect(series.count());
    long start = System.nanoTime();
    new RequestRun(image, series, control).runThreads();
    return System.nanoTime() - start;
  }

  private void runThreads() throws IOException {
    int threads = Math.min(series.depth(), series.count());
    if (threads == 0) {
      return;
    }
    // Before memory is taken for it, of which there may not be as much.
    requireOnDisk(0);
    try (ExecutorService executor =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("qcow4j-bench-", 0).factory())) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        running.add(
            executor.submit(() -> {
              runOneThread();
              return null;
            }));
      }
      for (Future<?> thread : running) {
        await(thread);
      }
    }
  }

  private void await(Future<?> thread) throws IOException {
    try {
      thread.get();
    } catch (InterruptedException e) {
      gate.stop();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw new IOException(e);
      }
    }
  }

  private void runOneThread() throws IOException, InterruptedException {
    ByteBuffer buffer = buffer();
    boolean done = false;
    try {
      for (int number = gate.take(); number >= 0; number = gate.take()) {
        control.checkpoint();
        request(number, buffer.clear());
        if (gate.ended(number)) {
          image.sync();
          gate.flushed();
        }
        control.advance(1);
      }
      done = true;
    } finally {
      if (!done) {
        gate.stop();
      }
    }
  }

  private ByteBuffer buffer() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(series.bufferBytes());
    if (series.action() instanceof RequestSeries.Writing writing && writing.pattern() != 0) {
      while (buffer.hasRemaining()) {
        buffer.put(writing.pattern());
      }
    }
    return buffer;
  }

  private void request(int number, ByteBuffer buffer) throws IOException {
    long offset = offset(number);
    requireOnDisk(offset);
    switch (series.action()) {
      case RequestSeries.Reading reading -> image.read(offset, buffer);
      case RequestSeries.Writing writing -> image.write(offset, buffer);
    }
  }

  private void requireOnDisk(long offset) throws EOFException {
    if (offset > image.virtualSize() - series.bufferBytes()) {
      throw new EOFException("Input/output error");
    }
  }

  /** Only the first request may stand behind the disk's end. */
  private long offset(int number) {
    long offset = series.startOffset() + (long) number * series.stepBytes();
    return number == 0 || image.virtualSize() == 0 ? offset : offset % image.virtualSize();
  }
}
