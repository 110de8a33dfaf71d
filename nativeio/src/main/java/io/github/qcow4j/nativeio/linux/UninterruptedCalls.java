package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.Errno;
import java.lang.foreign.MemorySegment;

/**
 * The calls, each made again when a signal interrupted it ({@code EINTR}, {@code signal(7)}): the
 * only place that does so. An interrupted call has done nothing, or as a sync not all and not
 * failed either. Any thread may call.
 *
 * <p>The one exception is {@code close(2)}: the descriptor is gone whatever it says, and may be
 * another file's by the time it is closed again.
 *
 * <p>Every method says the same in its own words, rather than one that is handed the call: that
 * would be linked anew for each of them, at every start.
 */
final class UninterruptedCalls implements LinuxCalls {

  private static final int INTERRUPTED = -Errno.EINTR.number();

  private final LinuxCalls calls;

  UninterruptedCalls(LinuxCalls calls) {
    this.calls = calls;
  }

  @Override
  public long open(MemorySegment path, int flags, int mode) {
    long result;
    do {
      result = calls.open(path, flags, mode);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long close(int descriptor) {
    return calls.close(descriptor);
  }

  @Override
  public long preadOwn(int descriptor, MemorySegment target, long lengthBytes, long fileOffset) {
    long result;
    do {
      result = calls.preadOwn(descriptor, target, lengthBytes, fileOffset);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long pwriteOwn(int descriptor, MemorySegment source, long lengthBytes, long fileOffset) {
    long result;
    do {
      result = calls.pwriteOwn(descriptor, source, lengthBytes, fileOffset);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long pread(int descriptor, MemorySegment target, long lengthBytes, long fileOffset) {
    long result;
    do {
      result = calls.pread(descriptor, target, lengthBytes, fileOffset);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long pwrite(int descriptor, MemorySegment source, long lengthBytes, long fileOffset) {
    long result;
    do {
      result = calls.pwrite(descriptor, source, lengthBytes, fileOffset);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long write(int descriptor, MemorySegment source, long lengthBytes) {
    long result;
    do {
      result = calls.write(descriptor, source, lengthBytes);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long lseek(int descriptor, long offset, int whence) {
    long result;
    do {
      result = calls.lseek(descriptor, offset, whence);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long ftruncate(int descriptor, long sizeBytes) {
    long result;
    do {
      result = calls.ftruncate(descriptor, sizeBytes);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long syncFileRange(int descriptor, long fileOffset, long lengthBytes, int flags) {
    long result;
    do {
      result = calls.syncFileRange(descriptor, fileOffset, lengthBytes, flags);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long fdatasync(int descriptor) {
    long result;
    do {
      result = calls.fdatasync(descriptor);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long fsync(int descriptor) {
    long result;
    do {
      result = calls.fsync(descriptor);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long fallocate(int descriptor, int mode, long fileOffset, long lengthBytes) {
    long result;
    do {
      result = calls.fallocate(descriptor, mode, fileOffset, lengthBytes);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long fcntl(int descriptor, int command, long argument) {
    long result;
    do {
      result = calls.fcntl(descriptor, command, argument);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long fcntl(int descriptor, int command, MemorySegment argument) {
    long result;
    do {
      result = calls.fcntl(descriptor, command, argument);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long statx(int directory, MemorySegment path, int flags, int mask, MemorySegment target) {
    long result;
    do {
      result = calls.statx(directory, path, flags, mask, target);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long renameat2(MemorySegment from, MemorySegment to, int flags) {
    long result;
    do {
      result = calls.renameat2(from, to, flags);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long renameat(MemorySegment from, MemorySegment to) {
    long result;
    do {
      result = calls.renameat(from, to);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long linkat(MemorySegment existing, MemorySegment newName, int flags) {
    long result;
    do {
      result = calls.linkat(existing, newName, flags);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long unlinkat(MemorySegment path, int flags) {
    long result;
    do {
      result = calls.unlinkat(path, flags);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long mkdirat(MemorySegment path, int mode) {
    long result;
    do {
      result = calls.mkdirat(path, mode);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long readlinkat(MemorySegment path, MemorySegment target, long lengthBytes) {
    long result;
    do {
      result = calls.readlinkat(path, target, lengthBytes);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long realpath(MemorySegment path, MemorySegment target) {
    long result;
    do {
      result = calls.realpath(path, target);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long getdents(int descriptor, MemorySegment target, long lengthBytes) {
    long result;
    do {
      result = calls.getdents(descriptor, target, lengthBytes);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long fchmod(int descriptor, int mode) {
    long result;
    do {
      result = calls.fchmod(descriptor, mode);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long fchown(int descriptor, int user, int group) {
    long result;
    do {
      result = calls.fchown(descriptor, user, group);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long ioctl(int descriptor, long request, long argument) {
    long result;
    do {
      result = calls.ioctl(descriptor, request, argument);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long ioctl(int descriptor, long request, MemorySegment argument) {
    long result;
    do {
      result = calls.ioctl(descriptor, request, argument);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long copyFileRange(
      int source,
      MemorySegment sourceOffset,
      int target,
      MemorySegment targetOffset,
      long lengthBytes) {
    long result;
    do {
      result = calls.copyFileRange(source, sourceOffset, target, targetOffset, lengthBytes);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long fadvise(int descriptor, long fileOffset, long lengthBytes, int advice) {
    long result;
    do {
      result = calls.fadvise(descriptor, fileOffset, lengthBytes, advice);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long syncfs(int descriptor) {
    long result;
    do {
      result = calls.syncfs(descriptor);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long statfs(MemorySegment path, MemorySegment target) {
    long result;
    do {
      result = calls.statfs(path, target);
    } while (result == INTERRUPTED);
    return result;
  }

  @Override
  public long kill(long process, int signal) {
    long result;
    do {
      result = calls.kill(process, signal);
    } while (result == INTERRUPTED);
    return result;
  }
}
