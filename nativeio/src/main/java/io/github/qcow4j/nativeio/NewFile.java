package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The file that is to take a live file's place: how it is made, and gets its name beside it. */
final class NewFile {

  private NewFile() {}

  /** A file without a name where that can be had, else under {@code name}. */
  static BlockFile create(Volume volume, Path live, Path name) throws IOException {
    BlockFile unnamed = volume.createUnnamed(directoryOf(name));
    BlockFile file = unnamed != null ? unnamed : volume.open(name, OpenOptions.creatingNew());
    try {
      volume.copyPermissions(live, file);
      return file;
    } catch (IOException e) {
      try (file) {
        if (unnamed == null) {
          volume.unlink(name);
        }
      } catch (IOException other) {
        e.addSuppressed(other);
      }
      throw e;
    }
  }

  /** Makes what was written durable, and gives the file its name when it has none yet. */
  static void complete(Volume volume, BlockFile file, Path name) throws IOException {
    file.syncAll();
    FileIdentity named = identity(volume, name);
    if (named == null) {
      volume.linkUnnamed(file, name);
    } else if (!named.equals(file.identity())) {
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
