package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The file that is to take a live file's place, and the names around it. */
final class NewFile {

  private NewFile() {}

  /** Gives the file the live one's permissions; closes and removes it when that fails. */
  static void prepare(Volume volume, Path live, BlockFile file, @Nullable Path name)
      throws IOException {
    try {
      volume.copyPermissions(live, file);
    } catch (IOException e) {
      try (file) {
        if (name != null) {
          volume.unlink(name);
        }
      } catch (IOException other) {
        e.addSuppressed(other);
      }
      throw e;
    }
  }

  /** Requires that the name stands for the file. */
  static void requireNamed(Volume volume, BlockFile file, Path name) throws IOException {
    if (!volume.linkStatus(name).identity().equals(file.identity())) {
      throw new FileAlreadyExistsException(name.toString(), null, Errno.EEXIST.text());
    }
  }

  /** The identity of what stands under the name, a symbolic link as itself; null for nothing. */
  static @Nullable FileIdentity identity(Volume volume, Path name) throws IOException {
    try {
      return volume.linkStatus(name).identity();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /**
   * Exchanges two names, or returns false where provider or file system cannot. Only as one step:
   * what a provider does in three could lose power between them.
   */
  static boolean exchanged(Volume volume, Path fresh, Path live) throws IOException {
    if (!volume.provider().capabilities().contains(ProviderInfo.Capability.RENAME_FLAGS)) {
      return false;
    }
    try {
      volume.rename(fresh, live, RenameMode.EXCHANGE);
      return true;
    } catch (SystemCallException e) {
      int errno = e.errno();
      if (errno == Errno.EINVAL.number()
          || errno == Errno.ENOSYS.number()
          || errno == Errno.EOPNOTSUPP.number()) {
        return false;
      }
      throw e;
    }
  }

  /** Devices and links have no place among disks that are renamed. */
  static void requireRegular(Volume volume, Path name) throws IOException {
    if (volume.linkStatus(name).kind() != FileKind.REGULAR) {
      throw new FileSystemException(name.toString(), null, "not a regular file");
    }
  }

  /** The directory that holds a name. */
  static Path directoryOf(Path name) {
    Path parent = name.getParent();
    return parent == null ? Path.of("") : parent;
  }
}
