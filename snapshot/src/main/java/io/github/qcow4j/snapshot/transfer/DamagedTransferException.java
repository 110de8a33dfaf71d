package io.github.qcow4j.snapshot.transfer;

/** The bytes contradict the format, a digest, or each other. Thrown only after they were read. */
public final class DamagedTransferException extends TransferException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, and where
   */
  public DamagedTransferException(String message) {
    super(message);
  }
}
