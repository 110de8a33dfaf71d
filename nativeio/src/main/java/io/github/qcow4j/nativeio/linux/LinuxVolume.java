package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.support.ScratchBuffers;
import io.github.qcow4j.nativeio.support.StepwiseRename;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The host's file system through {@link LinuxCalls}. */
public final class LinuxVolume implements Volume {

  private static final int NEW_FILE_MODE = 0666;
  private static final int NEW_DIRECTORY_MODE = 0777;
  private static final int RENAME_NO_REPLACE = 1;
  private static final int RENAME_EXCHANGE = 2;
  private static final int REMOVE_DIRECTORY = 0x200;
  private static final int FOLLOW_LINK = 0x400;
  private static final int SET_ID_BITS = 07000;
  private static final int ANY_FILE =
      OpenFlags.READ_ONLY | OpenFlags.CLOSE_ON_EXEC | OpenFlags.NON_BLOCKING;

  private static final int GET_FLAGS = 3;
  private static final int SET_FLAGS = 4;

  private final LinuxCalls calls;
  private final OpenFlags flags;
  private final ProviderInfo provider;
  private final Refusals refusals = new Refusals();

  private LinuxVolume(LinuxCalls calls, OpenFlags flags, ProviderInfo provider) {
    this.calls = calls;
    this.flags = flags;
    this.provider = provider;
  }

  /**
   * The volume over a binding that works here.
   *
   * @throws IOException when this architecture or kernel is not one for it, with the reason
   */
  public static LinuxVolume over(LinuxCalls calls, ProviderInfo provider) throws IOException {
    String architecture = System.getProperty("os.arch", "");
    OpenFlags flags = OpenFlags.of(architecture);
    if (flags == null) {
      throw new IOException("architecture " + architecture + " is not known");
    }
    LinuxVolume volume = new LinuxVolume(calls, flags, provider);
    volume.status(Path.of("/"));
    return volume;
  }

  @Override
  public ProviderInfo provider() {
    return provider;
  }

  @Override
  public BlockFile open(Path path, OpenOptions options) throws IOException {
    int descriptor = openDescriptor(path, flags.of(options));
    boolean writable = options.access() == OpenOptions.Access.READ_WRITE;
    return adopt(descriptor, path, writable, options.directIo());
  }

  private int openDescriptor(Path path, int openFlags) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = NativeName.of(path, arena);
      long result;
      int tried = openFlags;
      while (true) {
        result = calls.open(name, tried, NEW_FILE_MODE);
        if (result == -Errno.EAGAIN.number() && (tried & OpenFlags.NON_BLOCKING) != 0) {
          // A lease is being broken: only waiting helps (open(2), EWOULDBLOCK).
          tried &= ~OpenFlags.NON_BLOCKING;
        } else if (result != -Errno.EINTR.number()) {
          break;
        }
      }
      return Math.toIntExact(check("open", result, path));
    }
  }

  /** Makes a file of a fresh descriptor, or closes it. */
  private BlockFile adopt(int descriptor, Path path, boolean writable, boolean direct)
      throws IOException {
    boolean adopted = false;
    try {
      Statx statx = Descriptor.statx(calls, descriptor, path);
      if (statx.kind() == FileKind.DIRECTORY) {
        throw Errno.EISDIR.exception("open", path.toString());
      }
      long present = check("fcntl", calls.fcntl(descriptor, GET_FLAGS, 0), path);
      long blocking = present & ~OpenFlags.NON_BLOCKING;
      check("fcntl", calls.fcntl(descriptor, SET_FLAGS, blocking), path);
      BlockFile file =
          new LinuxBlockFile(
              new Descriptor(calls, descriptor, path, statx.identity(), statx.kind(), direct),
              writable,
              direct ? directAlignment(statx) : 1,
              refusals);
      adopted = true;
      return file;
    } finally {
      if (!adopted) {
        calls.close(descriptor);
      }
    }
  }

  private static int directAlignment(Statx statx) {
    return statx.directAlignment() > 0 ? statx.directAlignment() : ScratchBuffers.ALIGNMENT_BYTES;
  }

  @Override
  public FileStatus status(Path path) throws IOException {
    return statx(path, 0).status();
  }

  @Override
  public FileStatus linkStatus(Path path) throws IOException {
    return statx(path, Statx.NO_FOLLOW).status();
  }

  private Statx statx(Path path, int statxFlags) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = arena.allocate(Statx.STRUCT_BYTES, Long.BYTES);
      long result =
          calls.statx(
              LinuxCalls.AT_FDCWD, NativeName.of(path, arena), statxFlags, Statx.WANTED, struct);
      check("statx", result, path);
      return Statx.of(struct);
    }
  }

  @Override
  public boolean exists(Path path) throws IOException {
    try {
      statx(path, 0);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  @Override
  public Path realPath(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(NativeName.MAX_BYTES);
      check("realpath", calls.realpath(NativeName.of(path, arena), target), path);
      ByteBuffer name = StructBytes.of(target);
      int length = 0;
      while (name.get(length) != 0) {
        length++;
      }
      return NativeName.toPath(target.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Override
  public Path readLink(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(NativeName.MAX_BYTES);
      long length =
          check(
              "readlink",
              calls.readlinkat(NativeName.of(path, arena), target, target.byteSize()),
              path);
      return NativeName.toPath(target.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Override
  public void rename(Path from, Path to, RenameMode mode) throws IOException {
    int renameFlags =
        switch (mode) {
          case REPLACE -> 0;
          case NO_REPLACE -> RENAME_NO_REPLACE;
          case EXCHANGE -> RENAME_EXCHANGE;
        };
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment fromName = NativeName.of(from, arena);
      MemorySegment toName = NativeName.of(to, arena);
      long result = calls.renameat2(fromName, toName, renameFlags);
      boolean unknown = result == -Errno.ENOSYS.number();
      if (mode == RenameMode.REPLACE && unknown) {
        result = calls.renameat(fromName, toName);
      }
      boolean refused = unknown || result == -Errno.EINVAL.number();
      if (mode == RenameMode.NO_REPLACE && refused) {
        // A file system without flags, or a kernel before 3.15.
        StepwiseRename.withoutReplacing(this, from, to);
      } else if (result == -Errno.EEXIST.number()) {
        // The name that is in the way is the one to be told.
        throw new FileAlreadyExistsException(to.toString(), null, Errno.EEXIST.text());
      } else {
        check("renameat2", result, from, to);
      }
    }
  }

  @Override
  public void link(Path existing, Path newName) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment existingName = NativeName.of(existing, arena);
      long result = calls.linkat(existingName, NativeName.of(newName, arena), 0);
      checkNewName("link", result, existing, newName);
    }
  }

  @Override
  public void unlink(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      check("unlink", calls.unlinkat(NativeName.of(path, arena), 0), path);
    }
  }

  @Override
  public void createDirectory(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      check("mkdir", calls.mkdirat(NativeName.of(path, arena), NEW_DIRECTORY_MODE), path);
    }
  }

  @Override
  public void removeDirectory(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      check("rmdir", calls.unlinkat(NativeName.of(path, arena), REMOVE_DIRECTORY), path);
    }
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    int descriptor = openDirectory(directory);
    try {
      return DirectoryEntries.read(calls, descriptor, directory);
    } finally {
      calls.close(descriptor);
    }
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    int descriptor = openDirectory(directory);
    try {
      long result = calls.fsync(descriptor);
      // A file system that knows no fsync of a directory says EINVAL, and has nothing to sync.
      if (result != -Errno.EINVAL.number()) {
        check("fsync", result, directory);
      }
    } finally {
      calls.close(descriptor);
    }
  }

  private int openDirectory(Path directory) throws IOException {
    return openDescriptor(
        directory, OpenFlags.READ_ONLY | OpenFlags.CLOSE_ON_EXEC | flags.directory());
  }

  @Override
  public @Nullable BlockFile createUnnamed(Path directory) throws IOException {
    long descriptor;
    try (Arena arena = Arena.ofConfined()) {
      int openFlags = OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC | flags.unnamed();
      descriptor = calls.open(NativeName.of(directory, arena), openFlags, NEW_FILE_MODE);
      Errno refusal = descriptor < 0 ? Errno.of(Math.toIntExact(-descriptor)) : null;
      if (refusal == Errno.EOPNOTSUPP || refusal == Errno.EISDIR || refusal == Errno.EINVAL) {
        return null;
      }
      check("open", descriptor, directory);
      // Naming it later goes through /proc, which a bare chroot does not have.
      MemorySegment struct = arena.allocate(Statx.STRUCT_BYTES, Long.BYTES);
      MemorySegment handle = NativeName.of(handleName((int) descriptor), arena);
      int statxFlags = Statx.NO_FOLLOW;
      if (calls.statx(LinuxCalls.AT_FDCWD, handle, statxFlags, Statx.WANTED, struct) < 0) {
        calls.close((int) descriptor);
        return null;
      }
    }
    return adopt((int) descriptor, directory, true, false);
  }

  @Override
  public void linkUnnamed(BlockFile unnamed, Path newName) throws IOException {
    LinuxBlockFile file = own(unnamed);
    file.gate().enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = NativeName.of(handleName(file.descriptor().number()), arena);
      long result = calls.linkat(handle, NativeName.of(newName, arena), FOLLOW_LINK);
      checkNewName("linkat", result, unnamed.path(), newName);
    } finally {
      file.gate().exit();
    }
  }

  private static String handleName(int descriptor) {
    return "/proc/self/fd/" + descriptor;
  }

  @Override
  public void copyPermissions(Path from, BlockFile to) throws IOException {
    LinuxBlockFile file = own(to);
    file.gate().enter();
    try {
      Descriptor target = file.descriptor();
      Statx wanted = statx(from, 0);
      Statx present = target.statx();
      boolean sameOwner =
          (wanted.user() == present.user() && wanted.group() == present.group())
              || calls.fchown(target.number(), wanted.user(), wanted.group()) == 0;
      if (!sameOwner) {
        calls.fchown(target.number(), -1, wanted.group());
      }
      // Set-user-ID must not be handed to another user.
      int mode = sameOwner ? wanted.permissions() : wanted.permissions() & ~SET_ID_BITS;
      target.check("fchmod", calls.fchmod(target.number(), mode));
    } finally {
      file.gate().exit();
    }
  }

  @Override
  public boolean syncFileSystem(Path path) throws IOException {
    return WholeFileSystem.SYNC.call(calls, openDescriptor(path, ANY_FILE), path);
  }

  @Override
  public boolean freeze(Path path) throws IOException {
    return WholeFileSystem.FREEZE.call(calls, openDescriptor(path, ANY_FILE), path);
  }

  @Override
  public boolean thaw(Path path) throws IOException {
    return WholeFileSystem.THAW.call(calls, openDescriptor(path, ANY_FILE), path);
  }

  private static LinuxBlockFile own(BlockFile file) {
    if (file instanceof LinuxBlockFile own) {
      return own;
    }
    throw new IllegalArgumentException("a file of another volume: " + file.path());
  }

  private static void checkNewName(String call, long result, Path existing, Path newName)
      throws IOException {
    if (result == -Errno.EEXIST.number()) {
      throw new FileAlreadyExistsException(newName.toString(), null, Errno.EEXIST.text());
    }
    check(call, result, existing, newName);
  }

  private static long check(String call, long result, Path path) throws IOException {
    if (result < 0) {
      throw Errno.exception(call, Math.toIntExact(-result), path.toString(), null);
    }
    return result;
  }

  private static void check(String call, long result, Path path, Path other) throws IOException {
    if (result < 0) {
      int number = Math.toIntExact(-result);
      throw Errno.exception(call, number, path.toString(), other.toString());
    }
  }
}
