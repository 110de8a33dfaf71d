package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.support.FileModes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * The attribute view "unix" of the default file system: {@code stat(2)}, all but the storage.
 *
 * @param mode file type and permission bits
 * @param user owner
 * @param group owning group
 * @param sizeBytes length
 * @param identity device and inode
 */
record UnixAttributes(int mode, int user, int group, long sizeBytes, FileIdentity identity) {

  static UnixAttributes of(Path path, LinkOption... options) throws IOException {
    Map<String, Object> attributes;
    try {
      attributes = Files.readAttributes(path, "unix:mode,uid,gid,size,dev,ino", options);
    } catch (NoSuchFileException e) {
      checkParent(path);
      throw Failures.translate("stat", e, path);
    } catch (IOException e) {
      throw Failures.translate("stat", e, path);
    }
    return new UnixAttributes(
        (int) number(attributes, "mode"),
        (int) number(attributes, "uid"),
        (int) number(attributes, "gid"),
        number(attributes, "size"),
        new FileIdentity(number(attributes, "dev"), number(attributes, "ino")));
  }

  /** The JDK takes "not a directory" on the way to the name for "no such file". */
  private static void checkParent(Path path) throws IOException {
    Path parent = path.getParent();
    if (parent == null) {
      return;
    }
    try {
      if (FileModes.kindOf(of(parent).mode()) != FileKind.DIRECTORY) {
        throw Errno.ENOTDIR.exception("stat", path.toString());
      }
    } catch (NoSuchFileException e) {
      // A directory on the way is missing, which is the same error of the name itself.
    }
  }

  private static long number(Map<String, Object> attributes, String name) {
    return ((Number) Objects.requireNonNull(attributes.get(name), name)).longValue();
  }

  /** The status of a name, in which the length stands for the storage. */
  static FileStatus status(Path path, LinkOption... options) throws IOException {
    return of(path, options).status();
  }

  private FileStatus status() {
    FileKind kind = FileModes.kindOf(mode);
    boolean hasLength =
        kind == FileKind.REGULAR || kind == FileKind.DIRECTORY || kind == FileKind.SYMBOLIC_LINK;
    long size = hasLength ? sizeBytes : 0;
    return new FileStatus(kind, size, size, identity, permissions());
  }

  int permissions() {
    return FileModes.permissionsOf(mode);
  }
}
