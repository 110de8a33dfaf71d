package io.github.qcow4j.snapshot.error;

import java.io.IOException;

/**
 * An operation is done, durably, and then what it came to could not be looked at: the storage
 * failed, or others have changed it again. It is not to be done a second time.
 */
public final class DoneUnseenException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param done what is done, in words
   * @param cause why it cannot be shown
   */
  public DoneUnseenException(String done, IOException cause) {
    super(Kind.FAILED, done + ", but what it came to cannot be shown: " + cause.getMessage());
    initCause(cause);
  }
}
