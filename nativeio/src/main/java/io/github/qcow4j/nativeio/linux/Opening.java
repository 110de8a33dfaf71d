package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.AlignedBuffers;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.OpenOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Makes descriptors of names, and open files of descriptors. Any thread may call. */
final class Opening {

  private static final int NEW_FILE_MODE = 0666;
  private static final int GET_FLAGS = 3;
  private static final int SET_FLAGS = 4;
  private static final int ANY_FILE =
      OpenFlags.READ_ONLY | OpenFlags.CLOSE_ON_EXEC | OpenFlags.NON_BLOCKING;

  private final LinuxCalls calls;
  private final OpenFlags flags;
  private final Refusals refusals = new Refusals();

  Opening(LinuxCalls calls, OpenFlags flags) {
    this.calls = calls;
    this.flags = flags;
  }

  BlockFile file(Path path, OpenOptions options) throws IOException {
    int number = number(path, flags.of(options));
    boolean writable = options.access() != OpenOptions.Access.READ;
    return adopt(number, path, writable, options.directIo());
  }

  /** The descriptor of a directory, for the caller to close. */
  int directory(Path path) throws IOException {
    return number(path, OpenFlags.READ_ONLY | OpenFlags.CLOSE_ON_EXEC | flags.directory());
  }

  /** The descriptor of whatever the name stands for, for the caller to close. */
  int anything(Path path) throws IOException {
    return number(path, ANY_FILE);
  }

  private int number(Path path, int openFlags) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = NativeName.of(path, arena);
      long result = calls.open(name, openFlags, NEW_FILE_MODE);
      if (result == -Errno.EAGAIN.number() && (openFlags & OpenFlags.NON_BLOCKING) != 0) {
        // A lease is being broken: only waiting helps (open(2), EWOULDBLOCK).
        result = calls.open(name, openFlags & ~OpenFlags.NON_BLOCKING, NEW_FILE_MODE);
      } else if (result == -Errno.ENXIO.number() && (openFlags & OpenFlags.WRITE_ONLY) != 0) {
        // Nobody reads the FIFO yet (open(2), ENXIO); what is none is refused with the same again.
        result = calls.open(name, openFlags & ~OpenFlags.NON_BLOCKING, NEW_FILE_MODE);
      }
      return Math.toIntExact(Results.check("open", result, path));
    }
  }

  /** A file without a name, or null where there are none or none that could be named later. */
  @Nullable BlockFile unnamed(Path directory) throws IOException {
    long number;
    try (Arena arena = Arena.ofConfined()) {
      int openFlags = OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC | flags.unnamed();
      number = calls.open(NativeName.of(directory, arena), openFlags, NEW_FILE_MODE);
      Errno refusal = number < 0 ? Errno.of(Math.toIntExact(-number)) : null;
      if (refusal == Errno.EOPNOTSUPP || refusal == Errno.EISDIR || refusal == Errno.EINVAL) {
        return null;
      }
      Results.check("open", number, directory);
      // Naming it later goes through /proc, which a bare chroot does not have.
      MemorySegment struct = arena.allocate(Statx.STRUCT_BYTES, Long.BYTES);
      MemorySegment handle = handle((int) number, arena);
      int statxFlags = Statx.NO_FOLLOW;
      if (calls.statx(LinuxCalls.AT_FDCWD, handle, statxFlags, Statx.WANTED, struct) < 0) {
        calls.close((int) number);
        return null;
      }
    }
    BlockFile file = adopt((int) number, directory, true, false);
    if (refusals.refused(file.identity().device(), Refusals.Operation.LINK_UNNAMED)) {
      file.close();
      return null;
    }
    return file;
  }

  /** Takes note of what came of naming a file without a name, for the next of its file system. */
  void noteLinked(BlockFile unnamed, long result) {
    Errno refusal = result < 0 ? Errno.of(Math.toIntExact(-result)) : null;
    if (refusal == Errno.EOPNOTSUPP || refusal == Errno.EPERM || refusal == Errno.ENOSYS) {
      refusals.remember(unnamed.identity().device(), Refusals.Operation.LINK_UNNAMED);
    }
  }

  /** The name by which a file without one can be given one ({@code open(2)}, O_TMPFILE). */
  static MemorySegment handle(int number, Arena arena) {
    return NativeName.of("/proc/self/fd/" + number, arena);
  }

  /** Makes a file of a fresh descriptor, or closes it. */
  private BlockFile adopt(int number, Path path, boolean writable, boolean direct)
      throws IOException {
    boolean adopted = false;
    try {
      Statx statx = Descriptor.statx(calls, number, path);
      if (statx.kind() == FileKind.DIRECTORY) {
        throw Errno.EISDIR.exception("open", path.toString());
      }
      long present = Results.check("fcntl", calls.fcntl(number, GET_FLAGS, 0), path);
      long blocking = present & ~OpenFlags.NON_BLOCKING;
      Results.check("fcntl", calls.fcntl(number, SET_FLAGS, blocking), path);
      BlockFile file =
          new LinuxBlockFile(
              new Descriptor(calls, number, path, statx.identity(), statx.kind(), direct),
              writable,
              direct ? directAlignment(statx) : 1,
              refusals);
      refusals.opened(statx.identity().device());
      adopted = true;
      return file;
    } finally {
      if (!adopted) {
        calls.close(number);
      }
    }
  }

  private static int directAlignment(Statx statx) {
    return statx.directAlignment() > 0 ? statx.directAlignment() : AlignedBuffers.ALIGNMENT_BYTES;
  }
}
