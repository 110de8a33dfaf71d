package io.github.qcow4j.snapshot.journal;

import java.io.IOException;

/**
 * The result may be committed or not; only a look at the catalogue can tell, and that failed too.
 * Nothing is undone then: recovery looks again.
 */
final class UnknownOutcomeException extends IOException {

  private static final long serialVersionUID = 1L;

  UnknownOutcomeException(IOException cause) {
    super(cause.getMessage(), cause);
  }
}
