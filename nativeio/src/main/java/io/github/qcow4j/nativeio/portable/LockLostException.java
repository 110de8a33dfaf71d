package io.github.qcow4j.nativeio.portable;

import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** Another process took bytes whose lock had to be given up for a moment. */
final class LockLostException extends FileSystemException {

  private static final long serialVersionUID = 1L;

  LockLostException(Path path, long start, long end) {
    super(
        path.toString(),
        null,
        "lost the lock on bytes " + start + " to " + (end - 1) + " to another process");
  }
}
