package io.github.qcow4j.snapshot.error;

import java.io.IOException;

/**
 * An operation failed when it was about to be done, and could neither be ended nor undone, or
 * nobody can tell whether it was done. All is as after a power cut: whoever opens the home next
 * where it can be written to ends the operation or undoes it.
 */
public final class UnsettledException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param cause what failed first
   */
  public UnsettledException(IOException cause) {
    super(
        Kind.FAILED,
        cause.getMessage()
            + "; what was begun is ended or undone by the next command that can write to the home");
    initCause(cause);
    for (Throwable note : cause.getSuppressed()) {
      addSuppressed(note);
    }
  }
}
