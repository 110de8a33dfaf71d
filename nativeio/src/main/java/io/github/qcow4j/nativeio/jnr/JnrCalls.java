package io.github.qcow4j.nativeio.jnr;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.linux.LinuxCalls;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Map;
import java.util.function.LongSupplier;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.LibraryOption;

/**
 * The calls through jnr-ffi. It keeps the error number of each call for the thread that made it,
 * before the virtual machine can change it.
 *
 * <p>A segment goes as a number, and is kept from the garbage collector until the call is over.
 * What jnr-ffi cannot do, unlike the foreign linker, is to keep the owner of an arena from closing
 * it under a call: a buffer must live as long as the call that is given it.
 */
final class JnrCalls implements LinuxCalls {

  private static final boolean ARM = System.getProperty("os.arch", "").equals("aarch64");
  private static final long SYSCALL_RENAMEAT2 = ARM ? 276 : 316;
  private static final long SYSCALL_GETDENTS64 = ARM ? 61 : 217;
  private static final long SYSCALL_COPY_FILE_RANGE = ARM ? 285 : 326;
  private static final long SYSCALL_STATX = ARM ? 291 : 332;

  private final CLibrary library;
  private final jnr.ffi.Runtime runtime;

  /**
   * Makes the binding.
   *
   * @throws LinkageError when jnr-ffi or its native part cannot be loaded
   */
  JnrCalls() {
    this(
        LibraryLoader.loadLibrary(
            CLibrary.class, Map.of(LibraryOption.SaveError, Boolean.TRUE), "c"));
  }

  /** The binding over another library of these functions, of which some may be missing. */
  JnrCalls(CLibrary library) {
    this.library = library;
    this.runtime = jnr.ffi.Runtime.getSystemRuntime();
  }

  @Override
  public long open(MemorySegment path, int flags, int mode) {
    return kept(path, result(library.openat(AT_FDCWD, path.address(), flags, mode)));
  }

  @Override
  public long close(int descriptor) {
    return result(library.close(descriptor));
  }

  @Override
  public long preadOwn(int descriptor, MemorySegment target, long lengthBytes, long fileOffset) {
    return pread(descriptor, target, lengthBytes, fileOffset);
  }

  @Override
  public long pwriteOwn(int descriptor, MemorySegment source, long lengthBytes, long fileOffset) {
    return pwrite(descriptor, source, lengthBytes, fileOffset);
  }

  @Override
  public long pread(int descriptor, MemorySegment target, long lengthBytes, long fileOffset) {
    return kept(
        target, result(library.pread(descriptor, target.address(), lengthBytes, fileOffset)));
  }

  @Override
  public long pwrite(int descriptor, MemorySegment source, long lengthBytes, long fileOffset) {
    return kept(
        source, result(library.pwrite(descriptor, source.address(), lengthBytes, fileOffset)));
  }

  @Override
  public long write(int descriptor, MemorySegment source, long lengthBytes) {
    return kept(source, result(library.write(descriptor, source.address(), lengthBytes)));
  }

  @Override
  public long lseek(int descriptor, long offset, int whence) {
    return result(library.lseek(descriptor, offset, whence));
  }

  @Override
  public long ftruncate(int descriptor, long sizeBytes) {
    return result(library.ftruncate(descriptor, sizeBytes));
  }

  @Override
  public long syncFileRange(int descriptor, long fileOffset, long lengthBytes, int flags) {
    return ifThere(() -> library.sync_file_range(descriptor, fileOffset, lengthBytes, flags));
  }

  @Override
  public long fdatasync(int descriptor) {
    return result(library.fdatasync(descriptor));
  }

  @Override
  public long fsync(int descriptor) {
    return result(library.fsync(descriptor));
  }

  @Override
  public long fallocate(int descriptor, int mode, long fileOffset, long lengthBytes) {
    return ifThere(() -> library.fallocate(descriptor, mode, fileOffset, lengthBytes));
  }

  @Override
  public long fcntl(int descriptor, int command, long argument) {
    return result(library.fcntl(descriptor, command, argument));
  }

  @Override
  public long fcntl(int descriptor, int command, MemorySegment argument) {
    return kept(argument, result(library.fcntl(descriptor, command, argument.address())));
  }

  @Override
  public long statx(int directory, MemorySegment path, int flags, int mask, MemorySegment target) {
    long result =
        ifThere(() -> library.statx(directory, path.address(), flags, mask, target.address()));
    if (result == -Errno.ENOSYS.number()) {
      // Younger than some C libraries, and than some kernels: the latter then says so itself.
      result =
          result(
              library.syscall(
                  SYSCALL_STATX, directory, path.address(), flags, mask, target.address(), 0));
    }
    return kept(path, kept(target, result));
  }

  @Override
  public long renameat2(MemorySegment from, MemorySegment to, int flags) {
    long result =
        result(
            library.syscall(
                SYSCALL_RENAMEAT2, AT_FDCWD, from.address(), AT_FDCWD, to.address(), flags, 0));
    return kept(from, kept(to, result));
  }

  @Override
  public long renameat(MemorySegment from, MemorySegment to) {
    long result = result(library.renameat(AT_FDCWD, from.address(), AT_FDCWD, to.address()));
    return kept(from, kept(to, result));
  }

  @Override
  public long linkat(MemorySegment existing, MemorySegment newName, int flags) {
    long result =
        result(library.linkat(AT_FDCWD, existing.address(), AT_FDCWD, newName.address(), flags));
    return kept(existing, kept(newName, result));
  }

  @Override
  public long unlinkat(MemorySegment path, int flags) {
    return kept(path, result(library.unlinkat(AT_FDCWD, path.address(), flags)));
  }

  @Override
  public long mkdirat(MemorySegment path, int mode) {
    return kept(path, result(library.mkdirat(AT_FDCWD, path.address(), mode)));
  }

  @Override
  public long readlinkat(MemorySegment path, MemorySegment target, long lengthBytes) {
    long result =
        result(library.readlinkat(AT_FDCWD, path.address(), target.address(), lengthBytes));
    return kept(path, kept(target, result));
  }

  @Override
  public long realpath(MemorySegment path, MemorySegment target) {
    long result = library.realpath(path.address(), target.address()) == 0 ? error() : 0;
    return kept(path, kept(target, result));
  }

  @Override
  public long getdents(int descriptor, MemorySegment target, long lengthBytes) {
    long result =
        result(
            library.syscall(
                SYSCALL_GETDENTS64, descriptor, target.address(), lengthBytes, 0, 0, 0));
    return kept(target, result);
  }

  @Override
  public long fchmod(int descriptor, int mode) {
    return result(library.fchmod(descriptor, mode));
  }

  @Override
  public long fchown(int descriptor, int user, int group) {
    return result(library.fchown(descriptor, user, group));
  }

  @Override
  public long ioctl(int descriptor, long request, long argument) {
    return result(library.ioctl(descriptor, request, argument));
  }

  @Override
  public long ioctl(int descriptor, long request, MemorySegment argument) {
    return kept(argument, result(library.ioctl(descriptor, request, argument.address())));
  }

  @Override
  public long copyFileRange(
      int source,
      MemorySegment sourceOffset,
      int target,
      MemorySegment targetOffset,
      long lengthBytes) {
    long result =
        result(
            library.syscall(
                SYSCALL_COPY_FILE_RANGE,
                source,
                sourceOffset.address(),
                target,
                targetOffset.address(),
                lengthBytes,
                0));
    return kept(sourceOffset, kept(targetOffset, result));
  }

  @Override
  public long fadvise(int descriptor, long fileOffset, long lengthBytes, int advice) {
    // Unlike all the others this one returns the error number itself.
    try {
      return -library.posix_fadvise(descriptor, fileOffset, lengthBytes, advice);
    } catch (UnsatisfiedLinkError e) {
      return -Errno.ENOSYS.number();
    }
  }

  @Override
  public long syncfs(int descriptor) {
    return ifThere(() -> library.syncfs(descriptor));
  }

  @Override
  public long statfs(MemorySegment path, MemorySegment target) {
    long result = ifThere(() -> library.statfs(path.address(), target.address()));
    return kept(path, kept(target, result));
  }

  /** A function that the C library may lack, as jnr-ffi finds out at its first call. */
  private long ifThere(LongSupplier call) {
    try {
      return result(call.getAsLong());
    } catch (UnsatisfiedLinkError e) {
      return -Errno.ENOSYS.number();
    }
  }

  @Override
  public long kill(long process, int signal) {
    return result(library.kill(Math.toIntExact(process), signal));
  }

  private long result(long returned) {
    return returned == -1 ? error() : returned;
  }

  private long error() {
    int number = LastError.getLastError(runtime);
    return -(number == 0 ? Errno.EIO.number() : number);
  }

  /** The result of a call that was given the address of this memory. */
  private static long kept(MemorySegment memory, long result) {
    try {
      return result;
    } finally {
      Reference.reachabilityFence(memory);
    }
  }
}
