package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * An open descriptor and what does not change about it. Whoever uses it sees to it that it is not
 * closed meanwhile.
 *
 * @param calls the way to the kernel
 * @param number the descriptor
 * @param path the name it was opened by
 * @param identity which file it is
 * @param kind what it is
 * @param direct whether it was opened with {@code O_DIRECT}
 */
record Descriptor(
    LinuxCalls calls, int number, Path path, FileIdentity identity, FileKind kind, boolean direct) {

  /** The exception for a negative result of a call on this descriptor. */
  IOException failure(String call, long result) {
    return Errno.exception(call, Math.toIntExact(-result), path.toString(), null);
  }

  /** Throws when the result is an error. */
  void check(String call, long result) throws IOException {
    if (result < 0) {
      throw failure(call, result);
    }
  }

  Statx statx() throws IOException {
    return statx(calls, number, path);
  }

  static Statx statx(LinuxCalls calls, int descriptor, Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = arena.allocate(Statx.STRUCT_BYTES, Long.BYTES);
      long result =
          calls.statx(descriptor, NativeName.of("", arena), Statx.EMPTY_PATH, Statx.WANTED, struct);
      if (result < 0) {
        throw Errno.exception("statx", Math.toIntExact(-result), path.toString(), null);
      }
      return Statx.of(struct);
    }
  }

  /** The length as {@link io.github.qcow4j.nativeio.BlockFile#size} has it. */
  long size() throws IOException {
    return switch (kind) {
      case REGULAR -> statx().sizeBytes();
      case BLOCK_DEVICE -> {
        long end = calls.lseek(number, 0, Space.SEEK_END);
        check("lseek", end);
        yield end;
      }
      default -> 0;
    };
  }
}
