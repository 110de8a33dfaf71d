package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.simulator.NameTree.Location;
import java.io.IOException;
import java.nio.file.Path;

/** When {@code renameat2(2)} refuses. */
final class Renames {

  private Renames() {}

  static void check(Location source, Location target, Path from, Path to, RenameMode mode)
      throws IOException {
    Inode moved = source.inode();
    Inode replaced = target.inode();
    if (moved == null) {
      throw Errno.ENOENT.exception("renameat2", from.toString());
    } else if (mode == RenameMode.NO_REPLACE && replaced != null) {
      throw Errno.EEXIST.exception("renameat2", to.toString());
    } else if (mode == RenameMode.EXCHANGE && replaced == null) {
      throw Errno.ENOENT.exception("renameat2", to.toString());
    } else if (target.parents().contains(moved)) {
      throw Errno.EINVAL.exception("renameat2", to.toString());
    }
    if (mode == RenameMode.REPLACE && replaced != null && replaced != moved) {
      boolean directory = moved.kind == FileKind.DIRECTORY;
      boolean ontoDirectory = replaced.kind == FileKind.DIRECTORY;
      if (directory && !ontoDirectory) {
        throw Errno.ENOTDIR.exception("renameat2", to.toString());
      } else if (!directory && ontoDirectory) {
        throw Errno.EISDIR.exception("renameat2", to.toString());
      } else if (directory && !replaced.entries.isEmpty()) {
        throw Errno.ENOTEMPTY.exception("renameat2", to.toString());
      }
    }
  }
}
