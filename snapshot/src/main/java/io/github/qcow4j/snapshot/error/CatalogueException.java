package io.github.qcow4j.snapshot.error;

import org.jspecify.annotations.Nullable;

/** The catalogue could not be read or written, or is damaged. */
public final class CatalogueException extends BoxException {

  private static final long serialVersionUID = 1L;

  private final boolean constraint;

  /**
   * @param kind {@link Kind#CORRUPT} for a damaged file, else {@link Kind#FAILED}
   * @param message what was tried
   * @param constraint whether a rule of the catalogue was about to be broken, such as a name twice
   * @param cause what SQLite says, or null
   */
  public CatalogueException(
      Kind kind, String message, boolean constraint, @Nullable Throwable cause) {
    super(kind, message);
    this.constraint = constraint;
    initCause(cause);
  }

  /** Whether a rule of the catalogue was about to be broken, such as a name twice. */
  public boolean constraint() {
    return constraint;
  }
}
