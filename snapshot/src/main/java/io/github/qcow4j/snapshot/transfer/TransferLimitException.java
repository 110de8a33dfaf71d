package io.github.qcow4j.snapshot.transfer;

/**
 * Something is larger than the caller, or a named limit, allows. Nothing was allocated or written
 * for what lies beyond it.
 */
public final class TransferLimitException extends TransferException {

  private static final long serialVersionUID = 1L;

  private final long limit;

  /**
   * @param message what is too large
   * @param limit the limit, in the unit that the message says
   */
  public TransferLimitException(String message, long limit) {
    super(message);
    this.limit = limit;
  }

  /** The limit, in the unit that the message says. */
  public long limit() {
    return limit;
  }
}
