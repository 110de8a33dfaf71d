package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.lock.ImageLock;
import io.github.qcow4j.qcow2.lock.LockProfile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What stood under a name when a job began, and whether it still does when the job ends: what
 * another program has put there meanwhile is its own, and never replaced.
 *
 * @param volume where the name is looked up
 * @param name the name, links followed
 * @param held what stands there, open and locked for writing; null when nothing does
 * @param mayBeGone whether the name may have become free; else who removed what stood there did not
 *     want it to come back
 */
record Standing(Volume volume, Path name, @Nullable BlockFile held, boolean mayBeGone) {

  /**
   * Asks how the new file may take the name now.
   *
   * @return {@link RenameMode#REPLACE} only over the file that stood there from the beginning
   * @throws NoSuchFileException when what stood there has gone, and may not have
   * @throws FileAlreadyExistsException when something has appeared where nothing was
   * @throws SystemCallException with {@code ESTALE} when another file stands there by now
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when the file came into use meanwhile
   */
  RenameMode admit() throws IOException {
    FileIdentity present = present();
    if (present == null) {
      if (held != null && !mayBeGone) {
        throw Errno.ENOENT.exception("rename", name.toString());
      }
      return RenameMode.NO_REPLACE;
    } else if (held == null) {
      throw appeared(null);
    } else if (!present.equals(held.identity())) {
      throw new SystemCallException(
          "rename",
          Errno.ESTALE.number(),
          name.toString(),
          "Another program has put another file in its place meanwhile, which is left as it is");
    }
    ImageLock.confirm(held, LockProfile.WRITING);
    return RenameMode.REPLACE;
  }

  /** The refusal to replace what has appeared. */
  FileAlreadyExistsException appeared(@Nullable Throwable cause) {
    FileAlreadyExistsException refusal =
        new FileAlreadyExistsException(
            name.toString(),
            null,
            "Another program has made a file of this name meanwhile, which is left as it is");
    refusal.initCause(cause);
    return refusal;
  }

  private @Nullable FileIdentity present() throws IOException {
    try {
      return volume.linkStatus(name).identity();
    } catch (NoSuchFileException e) {
      return null;
    }
  }
}
