package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.support.LastingBlocks;
import io.github.qcow4j.nativeio.support.StepwiseRename;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The host's file system through {@code java.nio}. */
public final class PortableVolume implements Volume {

  /** The name to choose it by. */
  public static final String NAME = "portable";

  private static final int SET_ID_BITS = 07000;

  private final ProviderInfo provider;
  private final OpenFiles files = new OpenFiles();

  /** A volume, with the reason why this provider was chosen. */
  public PortableVolume(String reason) {
    this.provider = new ProviderInfo(NAME, EnumSet.of(Capability.DIRECTORY_SYNC), reason);
  }

  @Override
  public ProviderInfo provider() {
    return provider;
  }

  @Override
  public BlockFile open(Path path, OpenOptions options) throws IOException {
    return files.open(path, options);
  }

  @Override
  public FileStatus status(Path path) throws IOException {
    return UnixAttributes.status(path);
  }

  @Override
  public FileStatus linkStatus(Path path) throws IOException {
    return UnixAttributes.status(path, LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public boolean exists(Path path) throws IOException {
    try {
      status(path);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  @Override
  public Path realPath(Path path) throws IOException {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      throw Failures.translate("realpath", e, path);
    }
  }

  @Override
  public Path readLink(Path path) throws IOException {
    try {
      return Files.readSymbolicLink(path);
    } catch (IOException e) {
      throw Failures.translate("readlink", e, path);
    }
  }

  @Override
  public void rename(Path from, Path to, RenameMode mode) throws IOException {
    switch (mode) {
      case REPLACE -> replace(from, to);
      case NO_REPLACE -> StepwiseRename.withoutReplacing(this, from, to);
      case EXCHANGE -> StepwiseRename.exchange(this, from, to);
    }
  }

  private static void replace(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw Failures.translate("rename", e, from, to);
    }
  }

  @Override
  public void link(Path existing, Path newName) throws IOException {
    try {
      Files.createLink(newName, existing);
    } catch (NoSuchFileException e) {
      throw Failures.translate("link", e, existing, newName);
    } catch (IOException e) {
      throw Failures.translate("link", e, newName);
    }
  }

  @Override
  public void unlink(Path path) throws IOException {
    if (linkStatus(path).kind() == FileKind.DIRECTORY) {
      throw Errno.EISDIR.exception("unlink", path.toString());
    }
    delete("unlink", path);
  }

  @Override
  public void createDirectory(Path path) throws IOException {
    try {
      Files.createDirectory(path);
    } catch (IOException e) {
      throw Failures.translate("mkdir", e, path);
    }
  }

  @Override
  public void removeDirectory(Path path) throws IOException {
    if (linkStatus(path).kind() != FileKind.DIRECTORY) {
      throw Errno.ENOTDIR.exception("rmdir", path.toString());
    }
    delete("rmdir", path);
  }

  private static void delete(String call, Path path) throws IOException {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw Failures.translate(call, e, path);
    }
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        names.add(String.valueOf(entry.getFileName()));
      }
    } catch (DirectoryIteratorException e) {
      throw Failures.translate("getdents64", Objects.requireNonNull(e.getCause()), directory);
    } catch (IOException e) {
      throw Failures.translate("open", e, directory);
    }
    Collections.sort(names);
    return names;
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    if (status(directory).kind() != FileKind.DIRECTORY) {
      throw Errno.ENOTDIR.exception("open", directory.toString());
    }
    DataChannel channel = DataChannel.open(directory, Set.of(StandardOpenOption.READ));
    try (var closing = channel.channel()) {
      closing.force(true);
    } catch (IOException e) {
      IOException failure = Failures.translate("fsync", e, directory);
      // A file system that knows no fsync of a directory says EINVAL, and has nothing to sync.
      boolean unknown =
          failure instanceof SystemCallException call && call.errno() == Errno.EINVAL.number();
      if (!unknown) {
        throw failure;
      }
    }
  }

  @Override
  public @Nullable BlockFile createUnnamed(Path directory) throws IOException {
    if (status(directory).kind() != FileKind.DIRECTORY) {
      throw Errno.ENOTDIR.exception("open", directory.toString());
    }
    return null;
  }

  @Override
  public void linkUnnamed(BlockFile unnamed, Path newName) {
    throw new IllegalArgumentException("not a file without a name: " + unnamed.path());
  }

  @Override
  public void copyPermissions(Path from, BlockFile to) throws IOException {
    if (!(to instanceof PortableBlockFile)) {
      throw new IllegalArgumentException("a file of another volume: " + to.path());
    }
    UnixAttributes wanted = UnixAttributes.of(from);
    UnixAttributes present = UnixAttributes.of(to.path());
    boolean sameGroup =
        wanted.group() == present.group() || tryToSet(to.path(), "unix:gid", wanted.group());
    boolean sameUser =
        wanted.user() == present.user() || tryToSet(to.path(), "unix:uid", wanted.user());
    int mode = wanted.permissions();
    try {
      // Set-user-ID must not be handed to another user.
      Files.setAttribute(
          to.path(), "unix:mode", sameGroup && sameUser ? mode : mode & ~SET_ID_BITS);
    } catch (IOException e) {
      throw Failures.translate("fchmod", e, to.path());
    }
  }

  @Override
  public void setPermissions(Path path, int permissions) throws IOException {
    try {
      Files.setAttribute(path, "unix:mode", permissions);
    } catch (IOException e) {
      throw Failures.translate("fchmod", e, path);
    }
  }

  @Override
  public long lastingBlockBytes(Path path) throws IOException {
    try {
      FileStore store = Files.getFileStore(path);
      return LastingBlocks.areOfType(store.type()) ? store.getBlockSize() : 0;
    } catch (IOException e) {
      throw Failures.translate("statfs", e, path);
    }
  }

  private static boolean tryToSet(Path path, String attribute, int value) {
    try {
      Files.setAttribute(path, attribute, value);
      return true;
    } catch (IOException e) {
      // Another's file in a directory of ours: the new one is then simply ours.
      return false;
    }
  }
}
