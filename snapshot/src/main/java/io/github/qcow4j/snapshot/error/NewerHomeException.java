package io.github.qcow4j.snapshot.error;

/** The home was written by a newer version of this program. */
public final class NewerHomeException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, with the name that stands in the way and what to do
   */
  public NewerHomeException(String message) {
    super(Kind.UNSUPPORTED, message);
  }
}
