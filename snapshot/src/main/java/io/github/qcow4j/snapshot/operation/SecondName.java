package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Gives a file a further name, so that the first is left should the operation be undone; where the
 * file system has no such names, a copy.
 */
final class SecondName {

  private SecondName() {}

  static void give(Volume volume, Path file, Path name) throws IOException {
    try (BlockFile source = volume.open(file, OpenOptions.reading())) {
      if (!linked(volume, file, name)) {
        new NewImages(volume).copy(source, name);
      }
    }
  }

  private static boolean linked(Volume volume, Path file, Path name) throws IOException {
    try (BlockFile source = volume.open(file, OpenOptions.writing())) {
      source.syncAll();
      volume.link(file, name);
      return true;
    } catch (SystemCallException e) {
      int errno = e.errno();
      if (errno == Errno.EPERM.number()
          || errno == Errno.EOPNOTSUPP.number()
          || errno == Errno.EMLINK.number()
          || errno == Errno.EXDEV.number()) {
        return false;
      }
      throw e;
    }
  }
}
