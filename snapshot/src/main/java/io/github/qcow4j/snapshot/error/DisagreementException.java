package io.github.qcow4j.snapshot.error;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Catalogue and files contradict each other, or a file could not be asked; nothing was deleted. */
public final class DisagreementException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, with the name that stands in the way and what to do
   */
  public DisagreementException(String message) {
    super(Kind.CORRUPT, message);
  }

  /**
   * For a file that could not be asked. That the storage failed says nothing against the file.
   *
   * @param message what is wrong, with the name that stands in the way
   * @param cause how the file answered
   */
  public DisagreementException(String message, IOException cause) {
    super(kind(cause), message);
    initCause(cause);
  }

  private static Kind kind(IOException cause) {
    boolean storage =
        cause instanceof FileSystemException && !(cause instanceof NoSuchFileException);
    return storage ? Kind.FAILED : Kind.CORRUPT;
  }
}
