package io.github.qcow4j.nativeio.jnr;

/**
 * The functions of the C library, for jnr-ffi to implement; names and results are C's. Pointers are
 * numbers. Public for the implementing class alone, which is of another module.
 *
 * <p>{@code open}, {@code fcntl}, {@code ioctl} and {@code syscall} take further arguments in C
 * ("..."), which are passed as any others in the calling conventions in question (System V AMD64
 * ABI, §3.5.7; AAPCS64, §6.8.2).
 *
 * <p>No function here has six arguments: of those jnr-ffi garbles the last one on x86-64 (its issue
 * 181). What has goes through {@code syscall}, whose seven take another way.
 */
public interface CLibrary {

  int openat(int directory, long path, int flags, int mode);

  int close(int descriptor);

  long pread(int descriptor, long target, long lengthBytes, long fileOffset);

  long pwrite(int descriptor, long source, long lengthBytes, long fileOffset);

  long write(int descriptor, long source, long lengthBytes);

  long lseek(int descriptor, long offset, int whence);

  int ftruncate(int descriptor, long sizeBytes);

  int sync_file_range(int descriptor, long fileOffset, long lengthBytes, int flags);

  int fdatasync(int descriptor);

  int fsync(int descriptor);

  int fallocate(int descriptor, int mode, long fileOffset, long lengthBytes);

  int fcntl(int descriptor, int command, long argument);

  int statx(int directory, long path, int flags, int mask, long target);

  int renameat(int fromDirectory, long from, int toDirectory, long to);

  int linkat(int fromDirectory, long from, int toDirectory, long to, int flags);

  int unlinkat(int directory, long path, int flags);

  int mkdirat(int directory, long path, int mode);

  long readlinkat(int directory, long path, long target, long lengthBytes);

  long realpath(long path, long target);

  int fchmod(int descriptor, int mode);

  int fchown(int descriptor, int user, int group);

  int ioctl(int descriptor, long request, long argument);

  int posix_fadvise(int descriptor, long fileOffset, long lengthBytes, int advice);

  int syncfs(int descriptor);

  int statfs(long path, long target);

  int kill(int process, int signal);

  long syscall(long number, long a, long b, long c, long d, long e, long f);
}
