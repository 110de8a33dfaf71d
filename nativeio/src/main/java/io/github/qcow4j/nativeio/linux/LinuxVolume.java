package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.support.LastingBlocks;
import io.github.qcow4j.nativeio.support.StepwiseRename;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The host's file system through {@link LinuxCalls}. */
public final class LinuxVolume implements Volume {

  private static final int NEW_DIRECTORY_MODE = 0777;
  private static final int RENAME_NO_REPLACE = 1;
  private static final int RENAME_EXCHANGE = 2;
  private static final int REMOVE_DIRECTORY = 0x200;
  private static final int FOLLOW_LINK = 0x400;
  private static final int SET_ID_BITS = 07000;

  private final LinuxCalls calls;
  private final Opening opening;
  private final ProviderInfo provider;

  private LinuxVolume(LinuxCalls calls, OpenFlags flags, ProviderInfo provider) {
    this.calls = new UninterruptedCalls(calls);
    this.opening = new Opening(this.calls, flags);
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
    return opening.file(path, options);
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
      Results.check("statx", result, path);
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
      Results.check("realpath", calls.realpath(NativeName.of(path, arena), target), path);
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
          Results.check(
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
      } else {
        Results.checkNewName("renameat2", result, from, to);
      }
    }
  }

  @Override
  public void link(Path existing, Path newName) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment existingName = NativeName.of(existing, arena);
      long result = calls.linkat(existingName, NativeName.of(newName, arena), 0);
      Results.checkNewName("link", result, existing, newName);
    }
  }

  @Override
  public void unlink(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Results.check("unlink", calls.unlinkat(NativeName.of(path, arena), 0), path);
    }
  }

  @Override
  public void createDirectory(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Results.check("mkdir", calls.mkdirat(NativeName.of(path, arena), NEW_DIRECTORY_MODE), path);
    }
  }

  @Override
  public void removeDirectory(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Results.check("rmdir", calls.unlinkat(NativeName.of(path, arena), REMOVE_DIRECTORY), path);
    }
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    int descriptor = opening.directory(directory);
    try {
      return DirectoryEntries.read(calls, descriptor, directory);
    } finally {
      calls.close(descriptor);
    }
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    int descriptor = opening.directory(directory);
    try {
      long result = calls.fsync(descriptor);
      // A file system that knows no fsync of a directory says EINVAL, and has nothing to sync.
      if (result != -Errno.EINVAL.number()) {
        Results.check("fsync", result, directory);
      }
    } finally {
      calls.close(descriptor);
    }
  }

  @Override
  public @Nullable BlockFile createUnnamed(Path directory) throws IOException {
    return opening.unnamed(directory);
  }

  @Override
  public void linkUnnamed(BlockFile unnamed, Path newName) throws IOException {
    LinuxBlockFile file = own(unnamed);
    file.gate().enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = Opening.handle(file.descriptor().number(), arena);
      long result = calls.linkat(handle, NativeName.of(newName, arena), FOLLOW_LINK);
      opening.noteLinked(unnamed, result);
      Results.checkNewName("linkat", result, unnamed.path(), newName);
    } finally {
      file.gate().exit();
    }
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
  public void setPermissions(Path path, int permissions) throws IOException {
    int descriptor = opening.anything(path);
    try {
      Results.check("fchmod", calls.fchmod(descriptor, permissions), path);
    } finally {
      calls.close(descriptor);
    }
  }

  @Override
  public boolean syncFileSystem(Path path) throws IOException {
    return WholeFileSystem.SYNC.call(calls, opening.anything(path), path);
  }

  @Override
  public long lastingBlockBytes(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = arena.allocate(Statfs.STRUCT_BYTES, Long.BYTES);
      long result = calls.statfs(NativeName.of(path, arena), struct);
      if (result == -Errno.ENOSYS.number()) {
        return 0;
      }
      Results.check("statfs", result, path);
      Statfs told = Statfs.of(struct);
      return LastingBlocks.areOfMagic(told.magic()) ? told.blockBytes() : 0;
    }
  }

  @Override
  public boolean freeze(Path path) throws IOException {
    return WholeFileSystem.FREEZE.call(calls, opening.anything(path), path);
  }

  @Override
  public boolean thaw(Path path) throws IOException {
    return WholeFileSystem.THAW.call(calls, opening.anything(path), path);
  }

  private static LinuxBlockFile own(BlockFile file) {
    if (file instanceof LinuxBlockFile own) {
      return own;
    }
    throw new IllegalArgumentException("a file of another volume: " + file.path());
  }
}
