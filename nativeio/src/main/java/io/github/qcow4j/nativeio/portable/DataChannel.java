package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.support.ScratchBuffers;
import io.github.qcow4j.nativeio.support.SyncRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One channel whose reads and writes run on threads of their own: a {@code FileChannel} is closed,
 * and its locks lost, when the thread in it is interrupted, and nobody can interrupt these. Any
 * thread may call; whoever does waits for the result, interrupted or not.
 */
final class DataChannel {

  /** As many threads as there are calls in flight; they end when idle. */
  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "qcow4j-portable-io");
        thread.setDaemon(true);
        return thread;
      });

  private final AsynchronousFileChannel channel;
  private final Path path;
  private final SyncRecord syncs = new SyncRecord();

  private DataChannel(AsynchronousFileChannel channel, Path path) {
    this.channel = channel;
    this.path = path;
  }

  static DataChannel open(Path path, Set<? extends OpenOption> options) throws IOException {
    try {
      return new DataChannel(AsynchronousFileChannel.open(path, options, THREADS), path);
    } catch (IOException e) {
      throw Failures.translate("open", e, path);
    } catch (UnsupportedOperationException e) {
      throw Errno.EINVAL.exception("open", path.toString());
    }
  }

  AsynchronousFileChannel channel() {
    return channel;
  }

  /** Syncs for all who share this channel: its failure is one of them all. */
  void sync(String call, boolean metadata) throws IOException {
    syncs.run(() -> {
      try {
        channel.force(metadata);
      } catch (IOException e) {
        throw Failures.translate(call, e, path);
      }
    });
  }

  int read(ByteBuffer target, long fileOffset) throws IOException {
    int start = target.position();
    if (target.isDirect()) {
      readDirect(target, fileOffset);
      return target.position() - start;
    }
    ByteBuffer scratch = ScratchBuffers.take();
    try {
      while (target.hasRemaining()) {
        int wanted = Math.min(target.remaining(), scratch.capacity());
        scratch.clear().limit(wanted);
        readDirect(scratch, fileOffset + target.position() - start);
        int read = scratch.position();
        target.put(scratch.flip());
        if (read < wanted) {
          break;
        }
      }
      return target.position() - start;
    } finally {
      ScratchBuffers.giveBack(scratch);
    }
  }

  private void readDirect(ByteBuffer target, long fileOffset) throws IOException {
    long next = fileOffset;
    while (target.hasRemaining()) {
      int read = await("pread", channel.read(target, next));
      if (read < 0) {
        return;
      }
      next += read;
      if (target.hasRemaining() && next >= channel.size()) {
        return;
      }
    }
  }

  void write(ByteBuffer source, long fileOffset) throws IOException {
    int start = source.position();
    if (source.isDirect()) {
      writeDirect(source, fileOffset);
      return;
    }
    ByteBuffer scratch = ScratchBuffers.take();
    try {
      while (source.hasRemaining()) {
        int length = Math.min(source.remaining(), scratch.capacity());
        scratch.clear().put(0, source, source.position(), length).limit(length);
        writeDirect(scratch, fileOffset + source.position() - start);
        source.position(source.position() + length);
      }
    } finally {
      ScratchBuffers.giveBack(scratch);
    }
  }

  private void writeDirect(ByteBuffer source, long fileOffset) throws IOException {
    long next = fileOffset;
    while (source.hasRemaining()) {
      int written = await("pwrite", channel.write(source, next));
      if (written <= 0) {
        throw Errno.EIO.exception("pwrite", path.toString());
      }
      next += written;
    }
  }

  private <T> T await(String call, Future<T> result) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return result.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof IOException failure) {
            throw Failures.translate(call, failure, path);
          }
          throw new IOException(path + ": " + e.getCause(), e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
