package io.github.qcow4j.snapshot.transfer;

/**
 * The bytes are sound, but ask for what is not allowed: a link, a name that leads elsewhere, a file
 * of the host.
 */
public final class RefusedTransferException extends TransferException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what was refused, and why
   */
  public RefusedTransferException(String message) {
    super(message);
  }
}
