package io.github.qcow4j.nativeio;

import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * Two names are not of one file system, or of one mount or subvolume of it, so that no file can go
 * from one to the other ({@code EXDEV}). Nothing was changed.
 */
public final class DifferentFileSystemException extends FileSystemException {

  private static final long serialVersionUID = 1L;

  DifferentFileSystemException(Path one, Path other, SystemCallException cause) {
    super(one.toString(), other.toString(), Errno.EXDEV.text());
    initCause(cause);
  }
}
