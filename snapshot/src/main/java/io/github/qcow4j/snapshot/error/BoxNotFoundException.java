package io.github.qcow4j.snapshot.error;

/** There is no box, snapshot or disk of that name. */
public final class BoxNotFoundException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, with the name that stands in the way and what to do
   */
  public BoxNotFoundException(String message) {
    super(Kind.NOT_FOUND, message);
  }
}
