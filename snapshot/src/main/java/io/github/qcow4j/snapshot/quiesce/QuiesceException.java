package io.github.qcow4j.snapshot.quiesce;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Writers could not be made to hold still, did not hold still to the end, or may still do so. */
public final class QuiesceException extends IOException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what failed, with the name of the one that was asked
   */
  public QuiesceException(String message) {
    this(message, null);
  }

  /**
   * @param message what failed, with the name of the one that was asked
   * @param cause why, or null
   */
  public QuiesceException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
