package io.github.qcow4j.qcow2.lock;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The file that a new image is about to replace. */
public final class ReplacedImage {

  private ReplacedImage() {}

  /**
   * Locks an existing regular file for writing, so that an image in use, by a source of the very
   * job that wants to replace it for example, is not pulled from under its user.
   *
   * @return the open file, to be closed when it is replaced; null when there is none
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when it is in use
   */
  public static @Nullable BlockFile lock(Volume volume, Path path) throws IOException {
    return volume.exists(path) && volume.status(path).kind() == FileKind.REGULAR
        ? openLocked(volume, path)
        : null;
  }

  /**
   * Opens and locks an existing file for writing; on failure nothing stays open.
   *
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when it is in use
   */
  public static BlockFile openLocked(Volume volume, Path path) throws IOException {
    BlockFile file = volume.open(path, OpenOptions.writing());
    try {
      ImageLock.acquire(file, LockProfile.WRITING);
      return file;
    } catch (IOException | RuntimeException e) {
      try {
        file.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }
}
