package io.github.qcow4j.snapshot.transfer;

/** The bytes are sound, but of a version or kind that this program does not know. */
public final class UnsupportedTransferException extends TransferException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is not known, by name
   */
  public UnsupportedTransferException(String message) {
    super(message);
  }
}
