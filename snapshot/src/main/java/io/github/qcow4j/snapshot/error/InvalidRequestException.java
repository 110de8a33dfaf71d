package io.github.qcow4j.snapshot.error;

/** The request makes no sense by itself: a name that no box can have, for example. */
public final class InvalidRequestException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, with the name that stands in the way and what to do
   */
  public InvalidRequestException(String message) {
    super(Kind.USAGE, message);
  }
}
