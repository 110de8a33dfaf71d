package io.github.qcow4j.snapshot.error;

/** The box is not in a state in which the operation is possible. */
public final class WrongStateException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, with the name that stands in the way and what to do
   */
  public WrongStateException(String message) {
    super(Kind.CONFLICT, message);
  }
}
