package io.github.qcow4j.nativeio.panama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.linux.LinuxCalls;
import io.github.qcow4j.nativeio.linux.StructBytes;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The calls through the foreign linker.
 *
 * <p>All functions are linked with one of two shapes, as each further shape costs milliseconds at
 * start: numbers only, and one buffer among numbers. Every integer is passed as a {@code long}. In
 * both calling conventions in question (System V AMD64 ABI, §3.2.3; AAPCS64, §6.8.2) an integer
 * argument has a register of its own, of which the function reads the part it declared; registers
 * beyond its arguments it does not read; and a result of type {@code int} comes back in the low
 * half of the register, whose upper half says nothing. Variadic arguments are passed the same way.
 *
 * <p>Memory of the caller's own arena goes as a number; it lives longer than the call. A buffer
 * whose owner could free it meanwhile goes as a segment, which the linker keeps alive.
 */
final class PanamaCalls implements LinuxCalls {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
  private static final StructLayout STATE_LAYOUT = Linker.Option.captureStateLayout();
  private static final int ERRNO_AT =
      (int) STATE_LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private static final FunctionDescriptor NUMBERS =
      FunctionDescriptor.of(
          JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final FunctionDescriptor BUFFER =
      FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);

  /** One handle for all, told the function's address with each call: thirty take longer to make. */
  private static final MethodHandle CALL_NUMBERS = link(NUMBERS);

  /** Linked when the first buffer of somebody else comes: commands that only look need none. */
  private static final class Buffers {

    private static final MethodHandle CALL = link(BUFFER);
    // Takes three arguments; a fourth in its register is not looked at, and saves a further shape.
    private static final MemorySegment WRITE = find("write");
  }

  private static final MemorySegment PREAD = find("pread");
  private static final MemorySegment PWRITE = find("pwrite");
  private static final MemorySegment OPENAT = find("openat");
  private static final MemorySegment CLOSE = find("close");
  private static final MemorySegment LSEEK = find("lseek");
  private static final MemorySegment FTRUNCATE = find("ftruncate");
  private static final MemorySegment FDATASYNC = find("fdatasync");
  private static final MemorySegment FSYNC = find("fsync");
  private static final MemorySegment FCNTL = find("fcntl");
  private static final MemorySegment LINKAT = find("linkat");
  private static final MemorySegment UNLINKAT = find("unlinkat");
  private static final MemorySegment MKDIRAT = find("mkdirat");
  private static final MemorySegment READLINKAT = find("readlinkat");
  private static final MemorySegment REALPATH = find("realpath");
  private static final MemorySegment FCHMOD = find("fchmod");
  private static final MemorySegment FCHOWN = find("fchown");
  private static final MemorySegment IOCTL = find("ioctl");
  private static final MemorySegment KILL = find("kill");

  // Not of POSIX, or younger than the C libraries that run Java: what is missing is not there.
  private static final @Nullable MemorySegment SYNC_FILE_RANGE = findIfThere("sync_file_range");
  private static final @Nullable MemorySegment FALLOCATE = findIfThere("fallocate");
  private static final @Nullable MemorySegment FADVISE = findIfThere("posix_fadvise");
  private static final @Nullable MemorySegment SYNCFS = findIfThere("syncfs");
  private static final @Nullable MemorySegment STATFS = findIfThere("statfs");
  private static final @Nullable MemorySegment STATX = findIfThere("statx");
  private static final @Nullable MemorySegment COPY_FILE_RANGE = findIfThere("copy_file_range");

  /** For calls that not every C library wraps: {@code renameat2} and the like. */
  private static final MemorySegment SYSCALL = find("syscall");

  private static final boolean ARM = System.getProperty("os.arch", "").equals("aarch64");
  private static final long SYSCALL_RENAMEAT2 = ARM ? 276 : 316;
  private static final long SYSCALL_GETDENTS64 = ARM ? 61 : 217;
  private static final long SYSCALL_RENAMEAT = ARM ? 38 : 264;
  private static final long SYSCALL_STATX = ARM ? 291 : 332;

  /** Where the linker puts the error number, before the virtual machine can change it. */
  private static final ThreadLocal<MemorySegment> STATE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE_LAYOUT));

  PanamaCalls() {}

  private static MemorySegment find(String symbol) {
    MemorySegment address = findIfThere(symbol);
    if (address == null) {
      throw new UnsatisfiedLinkError("no symbol " + symbol);
    }
    return address;
  }

  /** A function that the C library may lack; null when it does. */
  static @Nullable MemorySegment findIfThere(String symbol) {
    Optional<MemorySegment> address = LINKER.defaultLookup().find(symbol);
    return address.isPresent() ? address.get() : null;
  }

  @SuppressWarnings("restricted") // what this class is for
  private static MethodHandle link(FunctionDescriptor shape) {
    return LINKER.downcallHandle(shape, CAPTURE);
  }

  @Override
  public long preadOwn(int descriptor, MemorySegment target, long lengthBytes, long fileOffset) {
    return callLong(PREAD, descriptor, target.address(), lengthBytes, fileOffset, 0, 0);
  }

  @Override
  public long pwriteOwn(int descriptor, MemorySegment source, long lengthBytes, long fileOffset) {
    return callLong(PWRITE, descriptor, source.address(), lengthBytes, fileOffset, 0, 0);
  }

  @Override
  public long pread(int descriptor, MemorySegment target, long lengthBytes, long fileOffset) {
    MemorySegment state = STATE.get();
    try {
      long result =
          (long)
              Buffers.CALL.invokeExact(
                  PREAD, state, (long) descriptor, target, lengthBytes, fileOffset);
      return result == -1 ? error(state) : result;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public long write(int descriptor, MemorySegment source, long lengthBytes) {
    MemorySegment state = STATE.get();
    try {
      long result =
          (long)
              Buffers.CALL.invokeExact(
                  Buffers.WRITE, state, (long) descriptor, source, lengthBytes, 0L);
      return result == -1 ? error(state) : result;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public long pwrite(int descriptor, MemorySegment source, long lengthBytes, long fileOffset) {
    MemorySegment state = STATE.get();
    try {
      long result =
          (long)
              Buffers.CALL.invokeExact(
                  PWRITE, state, (long) descriptor, source, lengthBytes, fileOffset);
      return result == -1 ? error(state) : result;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public long open(MemorySegment path, int flags, int mode) {
    return callInt(OPENAT, AT_FDCWD, path.address(), flags, mode, 0);
  }

  @Override
  public long close(int descriptor) {
    return callInt(CLOSE, descriptor, 0, 0, 0, 0);
  }

  @Override
  public long lseek(int descriptor, long offset, int whence) {
    return callLong(LSEEK, descriptor, offset, whence, 0, 0, 0);
  }

  @Override
  public long ftruncate(int descriptor, long sizeBytes) {
    return callInt(FTRUNCATE, descriptor, sizeBytes, 0, 0, 0);
  }

  @Override
  public long syncFileRange(int descriptor, long fileOffset, long lengthBytes, int flags) {
    return callInt(SYNC_FILE_RANGE, descriptor, fileOffset, lengthBytes, flags, 0);
  }

  @Override
  public long fdatasync(int descriptor) {
    return callInt(FDATASYNC, descriptor, 0, 0, 0, 0);
  }

  @Override
  public long fsync(int descriptor) {
    return callInt(FSYNC, descriptor, 0, 0, 0, 0);
  }

  @Override
  public long fallocate(int descriptor, int mode, long fileOffset, long lengthBytes) {
    return callInt(FALLOCATE, descriptor, mode, fileOffset, lengthBytes, 0);
  }

  @Override
  public long fcntl(int descriptor, int command, long argument) {
    return callInt(FCNTL, descriptor, command, argument, 0, 0);
  }

  @Override
  public long fcntl(int descriptor, int command, MemorySegment argument) {
    return callInt(FCNTL, descriptor, command, argument.address(), 0, 0);
  }

  @Override
  public long statx(int directory, MemorySegment path, int flags, int mask, MemorySegment target) {
    if (STATX == null) {
      return callLong(
          SYSCALL, SYSCALL_STATX, directory, path.address(), flags, mask, target.address());
    }
    return callInt(STATX, directory, path.address(), flags, mask, target.address());
  }

  @Override
  public long renameat2(MemorySegment from, MemorySegment to, int flags) {
    return callLong(
        SYSCALL, SYSCALL_RENAMEAT2, AT_FDCWD, from.address(), AT_FDCWD, to.address(), flags);
  }

  @Override
  public long renameat(MemorySegment from, MemorySegment to) {
    return callLong(SYSCALL, SYSCALL_RENAMEAT, AT_FDCWD, from.address(), AT_FDCWD, to.address(), 0);
  }

  @Override
  public long linkat(MemorySegment existing, MemorySegment newName, int flags) {
    return callInt(LINKAT, AT_FDCWD, existing.address(), AT_FDCWD, newName.address(), flags);
  }

  @Override
  public long unlinkat(MemorySegment path, int flags) {
    return callInt(UNLINKAT, AT_FDCWD, path.address(), flags, 0, 0);
  }

  @Override
  public long mkdirat(MemorySegment path, int mode) {
    return callInt(MKDIRAT, AT_FDCWD, path.address(), mode, 0, 0);
  }

  @Override
  public long readlinkat(MemorySegment path, MemorySegment target, long lengthBytes) {
    return callLong(READLINKAT, AT_FDCWD, path.address(), target.address(), lengthBytes, 0, 0);
  }

  @Override
  public long realpath(MemorySegment path, MemorySegment target) {
    MemorySegment state = STATE.get();
    long result = call(REALPATH, state, path.address(), target.address(), 0, 0, 0, 0);
    return result == 0 ? error(state) : 0;
  }

  @Override
  public long getdents(int descriptor, MemorySegment target, long lengthBytes) {
    return callLong(SYSCALL, SYSCALL_GETDENTS64, descriptor, target.address(), lengthBytes, 0, 0);
  }

  @Override
  public long fchmod(int descriptor, int mode) {
    return callInt(FCHMOD, descriptor, mode, 0, 0, 0);
  }

  @Override
  public long fchown(int descriptor, int user, int group) {
    return callInt(FCHOWN, descriptor, user, group, 0, 0);
  }

  @Override
  public long ioctl(int descriptor, long request, long argument) {
    return callInt(IOCTL, descriptor, request, argument, 0, 0);
  }

  @Override
  public long ioctl(int descriptor, long request, MemorySegment argument) {
    return callInt(IOCTL, descriptor, request, argument.address(), 0, 0);
  }

  @Override
  public long copyFileRange(
      int source,
      MemorySegment sourceOffset,
      int target,
      MemorySegment targetOffset,
      long lengthBytes) {
    return callLong(
        COPY_FILE_RANGE,
        source,
        sourceOffset.address(),
        target,
        targetOffset.address(),
        lengthBytes,
        0);
  }

  @Override
  public long fadvise(int descriptor, long fileOffset, long lengthBytes, int advice) {
    if (FADVISE == null) {
      return -Errno.ENOSYS.number();
    }
    // Unlike all the others this one returns the error number itself.
    MemorySegment state = STATE.get();
    return -(int) call(FADVISE, state, descriptor, fileOffset, lengthBytes, advice, 0, 0);
  }

  @Override
  public long syncfs(int descriptor) {
    return callInt(SYNCFS, descriptor, 0, 0, 0, 0);
  }

  @Override
  public long statfs(MemorySegment path, MemorySegment target) {
    return callInt(STATFS, path.address(), target.address(), 0, 0, 0);
  }

  @Override
  public long kill(long process, int signal) {
    return callInt(KILL, process, signal, 0, 0, 0);
  }

  /** A function whose result is an {@code int}. */
  static long callInt(@Nullable MemorySegment function, long a, long b, long c, long d, long e) {
    if (function == null) {
      return -Errno.ENOSYS.number();
    }
    MemorySegment state = STATE.get();
    int result = (int) call(function, state, a, b, c, d, e, 0);
    return result == -1 ? error(state) : result;
  }

  /** A function whose result is a {@code long}. */
  private static long callLong(
      @Nullable MemorySegment function, long a, long b, long c, long d, long e, long f) {
    if (function == null) {
      return -Errno.ENOSYS.number();
    }
    MemorySegment state = STATE.get();
    long result = call(function, state, a, b, c, d, e, f);
    return result == -1 ? error(state) : result;
  }

  private static long call(
      MemorySegment function, MemorySegment state, long a, long b, long c, long d, long e, long f) {
    try {
      return (long) CALL_NUMBERS.invokeExact(function, state, a, b, c, d, e, f);
    } catch (Throwable failure) {
      throw broken(failure);
    }
  }

  private static long error(MemorySegment state) {
    int number = StructBytes.of(state).getInt(ERRNO_AT);
    return -(number == 0 ? Errno.EIO.number() : number);
  }

  /** A linked function throws nothing of its own. */
  private static RuntimeException broken(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    } else if (failure instanceof RuntimeException exception) {
      throw exception;
    }
    throw new AssertionError(failure);
  }
}
