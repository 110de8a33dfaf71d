package io.github.qcow4j.snapshot.error;

/** The name belongs to another box or snapshot. */
public final class NameTakenException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, with the name that stands in the way and what to do
   */
  public NameTakenException(String message) {
    super(Kind.EXISTS, message);
  }
}
