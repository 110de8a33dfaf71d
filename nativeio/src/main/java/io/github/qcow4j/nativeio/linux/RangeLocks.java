package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.LockMode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Locks on byte ranges that belong to the open file ({@code fcntl(2)}, "Open file description locks
 * (non-POSIX)"): unlike those of POSIX they do not vanish when the process closes some other
 * descriptor of the file. Any thread may call.
 */
final class RangeLocks {

  private static final int OFD_GETLK = 36;
  private static final int OFD_SETLK = 37;
  private static final short READ_LOCK = 0;
  private static final short WRITE_LOCK = 1;
  private static final short UNLOCKED = 2;

  /** {@code struct flock} of 64-bit Linux: type 0, whence 2, start 8, length 16, pid 24. */
  private static final int STRUCT_BYTES = 32;

  private final Descriptor file;

  RangeLocks(Descriptor file) {
    this.file = file;
  }

  boolean tryLock(long startByte, long lengthBytes, LockMode mode) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      long result = call(OFD_SETLK, flock(arena, typeOf(mode), startByte, lengthBytes));
      if (result == -Errno.EAGAIN.number() || result == -Errno.EACCES.number()) {
        return false;
      }
      file.check("fcntl", result);
      return true;
    }
  }

  void unlock(long startByte, long lengthBytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      file.check("fcntl", call(OFD_SETLK, flock(arena, UNLOCKED, startByte, lengthBytes)));
    }
  }

  boolean lockedByOther(long startByte, long lengthBytes, LockMode mode) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = flock(arena, typeOf(mode), startByte, lengthBytes);
      file.check("fcntl", call(OFD_GETLK, flock));
      return StructBytes.of(flock).getShort(0) != UNLOCKED;
    }
  }

  private long call(int command, MemorySegment flock) {
    return file.calls().fcntl(file.number(), command, flock);
  }

  private static short typeOf(LockMode mode) {
    return switch (mode) {
      case SHARED -> READ_LOCK;
      case EXCLUSIVE -> WRITE_LOCK;
    };
  }

  private static MemorySegment flock(Arena arena, short type, long startByte, long lengthBytes) {
    MemorySegment flock = arena.allocate(STRUCT_BYTES, Long.BYTES).fill((byte) 0);
    StructBytes.of(flock).putShort(0, type).putLong(8, startByte).putLong(16, lengthBytes);
    return flock;
  }
}
