package io.github.qcow4j.nativeio.linux;

import java.lang.foreign.MemorySegment;

/**
 * The system calls themselves, as thin as a binding can be: numbers in, number out. What the C
 * library does not have is answered as by a kernel that does not have it: {@code ENOSYS}.
 *
 * <p>Every method returns what the call returned, or the negated error number when it failed, taken
 * before anything else could change it. Nothing is retried here. Segments are native memory; names
 * end in a NUL byte. All methods may be called by any number of threads.
 */
public interface LinuxCalls {

  /** What the directory descriptor argument says for "relative to the working directory". */
  int AT_FDCWD = -100;

  /** {@code openat(2)} relative to the working directory. */
  long open(MemorySegment path, int flags, int mode);

  /** {@code close(2)}. */
  long close(int descriptor);

  /**
   * {@code pread(2)} into memory that the caller holds until this returns. Spares the first calls
   * of a process what it takes to guard memory of others.
   */
  long preadOwn(int descriptor, MemorySegment target, long lengthBytes, long fileOffset);

  /** {@code pwrite(2)} from memory that the caller holds until this returns. */
  long pwriteOwn(int descriptor, MemorySegment source, long lengthBytes, long fileOffset);

  /** {@code pread(2)}. */
  long pread(int descriptor, MemorySegment target, long lengthBytes, long fileOffset);

  /** {@code pwrite(2)}. */
  long pwrite(int descriptor, MemorySegment source, long lengthBytes, long fileOffset);

  /** {@code write(2)}. */
  long write(int descriptor, MemorySegment source, long lengthBytes);

  /** {@code lseek(2)}. */
  long lseek(int descriptor, long offset, int whence);

  /** {@code ftruncate(2)}. */
  long ftruncate(int descriptor, long sizeBytes);

  /** {@code sync_file_range(2)}. */
  long syncFileRange(int descriptor, long fileOffset, long lengthBytes, int flags);

  /** {@code fdatasync(2)}. */
  long fdatasync(int descriptor);

  /** {@code fsync(2)}. */
  long fsync(int descriptor);

  /** {@code fallocate(2)}. */
  long fallocate(int descriptor, int mode, long fileOffset, long lengthBytes);

  /** {@code fcntl(2)} with a number as argument. */
  long fcntl(int descriptor, int command, long argument);

  /** {@code fcntl(2)} with a structure as argument. */
  long fcntl(int descriptor, int command, MemorySegment argument);

  /** {@code statx(2)}. */
  long statx(int directory, MemorySegment path, int flags, int mask, MemorySegment target);

  /** {@code renameat2(2)} relative to the working directory. */
  long renameat2(MemorySegment from, MemorySegment to, int flags);

  /** {@code renameat(2)} relative to the working directory: for kernels without the above. */
  long renameat(MemorySegment from, MemorySegment to);

  /** {@code linkat(2)} relative to the working directory. */
  long linkat(MemorySegment existing, MemorySegment newName, int flags);

  /** {@code unlinkat(2)} relative to the working directory. */
  long unlinkat(MemorySegment path, int flags);

  /** {@code mkdirat(2)} relative to the working directory. */
  long mkdirat(MemorySegment path, int mode);

  /** {@code readlinkat(2)} relative to the working directory. */
  long readlinkat(MemorySegment path, MemorySegment target, long lengthBytes);

  /** {@code realpath(3)}; the target holds at least {@code PATH_MAX} bytes. */
  long realpath(MemorySegment path, MemorySegment target);

  /** {@code getdents64(2)}. */
  long getdents(int descriptor, MemorySegment target, long lengthBytes);

  /** {@code fchmod(2)}. */
  long fchmod(int descriptor, int mode);

  /** {@code fchown(2)}; -1 leaves the user or group as it is. */
  long fchown(int descriptor, int user, int group);

  /** {@code ioctl(2)} with a number as argument. */
  long ioctl(int descriptor, long request, long argument);

  /** {@code ioctl(2)} with a structure as argument. */
  long ioctl(int descriptor, long request, MemorySegment argument);

  /** {@code copy_file_range(2)}; the offsets are 64-bit numbers in memory. */
  long copyFileRange(
      int source,
      MemorySegment sourceOffset,
      int target,
      MemorySegment targetOffset,
      long lengthBytes);

  /** {@code posix_fadvise(2)}. */
  long fadvise(int descriptor, long fileOffset, long lengthBytes, int advice);

  /** {@code syncfs(2)}. */
  long syncfs(int descriptor);

  /** {@code statfs(2)}. */
  long statfs(MemorySegment path, MemorySegment target);

  /** {@code kill(2)}. */
  long kill(long process, int signal);
}
