package io.github.qcow4j.snapshot.error;

/** A policy says no. */
public final class RefusedException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, with the name that stands in the way and what to do
   */
  public RefusedException(String message) {
    super(Kind.REFUSED, message);
  }
}
