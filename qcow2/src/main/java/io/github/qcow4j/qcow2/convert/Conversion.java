package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Converts images: reads what is there, skips what is not, writes the rest.
 *
 * <p>Ranges that no layer holds, and zero clusters, are never read. Threads work on pieces of their
 * own; the result does not depend on their number or speed.
 */
public final class Conversion {

  private Conversion() {}

  /**
   * Runs a conversion to its end. The target is complete, durable and visible when this returns;
   * when it throws, the target was not completed, and the caller closes it.
   *
   * @param sources the disks, one behind the other; left open
   * @param target where to; its size is the sum of the sources'
   * @param options how
   * @param control counts bytes of the disk; when it is followed, only those that are written, as
   *     far as extents tell, which are counted before
   * @param salvageListener hears of what could not be read; called only when salvaging
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   * @throws IOException when reading or writing fails; a failed read is never taken for zeros,
   *     except when salvaging; a {@link ConversionPlace} attached to it tells where
   */
  public static ConvertResult run(
      List<DiskImage> sources,
      ConvertTarget target,
      ConvertOptions options,
      JobControl control,
      SalvageListener salvageListener)
      throws IOException {
    return run(
        new ConvertSource(sources, target.backingBytes(), target.heldDepth()),
        target,
        options,
        control,
        salvageListener);
  }

  /**
   * Copies a part of a disk to the beginning of another, as {@link #run(List, ConvertTarget,
   * ConvertOptions, JobControl, SalvageListener)} converts whole ones.
   *
   * @param source the disk; left open
   * @param skippedBytes where the part begins
   * @param lengthBytes how long it is; both need not be whole sectors
   */
  public static ConvertResult runPart(
      DiskImage source,
      long skippedBytes,
      long lengthBytes,
      ConvertTarget target,
      ConvertOptions options,
      JobControl control)
      throws IOException {
    Objects.checkFromIndexSize(skippedBytes, lengthBytes, source.virtualSize());
    return run(
        new ConvertSource(List.of(source), target.backingBytes(), skippedBytes, lengthBytes),
        target,
        options,
        control,
        (offset, length, cause) -> {});
  }

  private static ConvertResult run(
      ConvertSource source,
      ConvertTarget target,
      ConvertOptions options,
      JobControl control,
      SalvageListener salvageListener)
      throws IOException {
    boolean followed = control.isFollowed();
    ConvertWork work = new ConvertWork(source, target, options, control, salvageListener, followed);
    if (followed) {
      work.expectData();
    } else {
      control.expect(source.sizeBytes());
    }
    return run(work, target, options, control);
  }

  /** One pass over a source, without saying how much work it is. */
  static ConvertResult work(
      ConvertSource source,
      ConvertTarget target,
      ConvertOptions options,
      JobControl control,
      SalvageListener salvageListener)
      throws IOException {
    ConvertWork work = new ConvertWork(source, target, options, control, salvageListener, false);
    return run(work, target, options, control);
  }

  private static ConvertResult run(
      ConvertWork work, ConvertTarget target, ConvertOptions options, JobControl control)
      throws IOException {
    runThreads(work, options.parallelism());
    control.checkpoint();
    target.prepareCompletion();
    // Thousands of bitmaps take seconds.
    control.checkpoint();
    target.complete();
    return work.result();
  }

  /** Hears of ranges that could not be read and became zeros. */
  @FunctionalInterface
  public interface SalvageListener {

    /**
     * Told of one range.
     *
     * @param offset where, counted from the first source's beginning
     * @param lengthBytes how many bytes
     * @param cause why
     */
    void unreadable(long offset, long lengthBytes, IOException cause);
  }

  private static void runThreads(ConvertWork work, int parallelism) throws IOException {
    int threads = PieceThreads.useful(parallelism);
    try (ExecutorService executor = Executors.newFixedThreadPool(threads, Conversion::newThread)) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        running.add(
            executor.submit(() -> {
              work.runOneThread();
              return null;
            }));
      }
      awaitAll(running);
    }
  }

  private static Thread newThread(Runnable work) {
    Thread thread = new Thread(work, "qcow4j-convert");
    thread.setDaemon(true);
    return thread;
  }

  private static void awaitAll(List<Future<?>> running) throws IOException {
    Throwable failure = null;
    boolean interrupted = false;
    for (Future<?> thread : running) {
      while (!thread.isDone() || failure == null) {
        try {
          thread.get();
          break;
        } catch (ExecutionException e) {
          failure = failure == null ? e.getCause() : failure;
          break;
        } catch (InterruptedException e) {
          // The caller's interrupt must not tear a file; it is handed on at the end.
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure instanceof IOException e) {
      throw e;
    } else if (failure instanceof RuntimeException e) {
      throw e;
    } else if (failure instanceof Error e) {
      throw e;
    } else if (failure != null) {
      throw new IOException(failure);
    }
  }
}
