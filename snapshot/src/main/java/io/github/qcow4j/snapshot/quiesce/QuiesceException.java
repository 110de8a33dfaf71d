package io.github.qcow4j.snapshot.quiesce;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Writers could not be made to hold still, did not hold still to the end, or may still do so. */
public final class QuiesceException extends IOException {

  private static final long serialVersionUID = 1L;

  private final boolean late;

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
    this(message, cause, false);
  }

  /**
   * @param message what failed, with the name of the one that was asked
   * @param cause why, or null
   * @param late whether it did not answer in time
   */
  public QuiesceException(String message, @Nullable Throwable cause, boolean late) {
    super(message, cause);
    this.late = late;
  }

  /** Whether the one that was asked did not answer in time: asking again takes as long. */
  public boolean isLate() {
    return late;
  }
}
