package io.github.qcow4j.nativeio.portable;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.LockMode;
import io.github.qcow4j.nativeio.support.LockTable;
import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One file of the kernel, however often this JVM has it open. All open files share its channels,
 * none of which is closed before the last of them is: closing any descriptor of a file drops all
 * locks that the process holds on it ({@code fcntl(2)}, "Advisory record locking").
 */
final class SharedFile {

  private final FileIdentity identity;
  private final FileKind kind;
  private final Path path;

  /** Every channel ever opened on the file, each good for reading; the registry's lock. */
  private final List<DataChannel> channels = new ArrayList<>();

  private volatile @Nullable DataChannel reading;
  private volatile @Nullable DataChannel writing;

  @GuardedBy("this")
  private LockTable table = LockTable.EMPTY;

  @GuardedBy("this")
  private final KernelLocks kernel;

  /** How many open files there are; the registry's lock. */
  private int users;

  SharedFile(FileIdentity identity, FileKind kind, Path path) {
    this.identity = identity;
    this.kind = kind;
    this.path = path;
    this.kernel = new KernelLocks(path);
  }

  FileIdentity identity() {
    return identity;
  }

  FileKind kind() {
    return kind;
  }

  /** Caller holds the registry's lock. */
  void add(DataChannel channel, boolean writable) {
    channels.add(channel);
    if (writable && writing == null) {
      writing = channel;
    }
    if (reading == null) {
      reading = channel;
    }
  }

  boolean hasWriting() {
    return writing != null;
  }

  boolean hasReading() {
    return reading != null;
  }

  /** Caller holds the registry's lock. */
  void enter() {
    users++;
  }

  /** Caller holds the registry's lock. Returns whether that was the last. */
  boolean leave() {
    users--;
    return users == 0;
  }

  /** Caller holds the registry's lock. */
  void closeChannels() throws IOException {
    IOException failure = null;
    for (DataChannel channel : channels) {
      try {
        channel.channel().close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw Failures.translate("close", failure, path);
    }
  }

  /** The channel to read through; a FIFO has none, as nothing can be read at a position of it. */
  DataChannel reading() throws IOException {
    DataChannel channel = reading;
    if (channel == null) {
      throw Errno.ESPIPE.exception("pread", path.toString());
    }
    return channel;
  }

  DataChannel writing() throws IOException {
    DataChannel channel = writing;
    if (channel == null) {
      throw Errno.ESPIPE.exception("pwrite", path.toString());
    }
    return channel;
  }

  synchronized boolean tryLock(Object owner, long start, long end, LockMode mode)
      throws IOException {
    if (table.conflicts(owner, start, end, mode)) {
      return false;
    }
    LockTable before = table;
    LockTable after = table.with(owner, start, end, mode);
    AsynchronousFileChannel channel = lockChannel();
    if (kernel.follow(after, start, end, channel)) {
      table = after;
      return true;
    }
    if (!kernel.restore(before, start, end, channel)) {
      throw new LockLostException(path, start, end);
    }
    return false;
  }

  synchronized void unlock(Object owner, long start, long end) throws IOException {
    table = table.with(owner, start, end, null);
    if (reading != null && !kernel.restore(table, start, end, lockChannel())) {
      throw new LockLostException(path, start, end);
    }
  }

  synchronized boolean lockedByOther(Object owner, long start, long end, LockMode mode)
      throws IOException {
    if (table.conflicts(owner, start, end, mode)) {
      return true;
    }
    if (mode == LockMode.EXCLUSIVE && writing == null) {
      return ListedLocks.heldElsewhere(path, identity, start, end, mode);
    }
    return kernel.heldElsewhere(table, start, end, mode, lockChannel());
  }

  private AsynchronousFileChannel lockChannel() throws IOException {
    DataChannel channel = writing;
    return channel != null ? channel.channel() : reading().channel();
  }
}
