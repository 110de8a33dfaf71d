package io.github.qcow4j.snapshot.error;

import org.jspecify.annotations.Nullable;

/** Somebody is working with the box or with one of its layers. */
public final class InUseException extends BoxException {

  private static final long serialVersionUID = 1L;

  private final @Nullable String holder;

  /**
   * @param message what is in use
   * @param holder who holds it, in words, or null when that is not known
   */
  public InUseException(String message, @Nullable String holder) {
    super(Kind.CONFLICT, holder == null ? message : message + " by " + holder);
    this.holder = holder;
  }

  /** Who holds it, in words, or null when that is not known. */
  public @Nullable String holder() {
    return holder;
  }
}
