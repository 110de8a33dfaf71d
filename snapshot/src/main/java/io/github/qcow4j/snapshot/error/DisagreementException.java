package io.github.qcow4j.snapshot.error;

/** Catalogue and files contradict each other, or a file could not be asked; nothing was deleted. */
public final class DisagreementException extends BoxException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, with the name that stands in the way and what to do
   */
  public DisagreementException(String message) {
    super(Kind.CORRUPT, message);
  }
}
