package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.error.LimitExceededException;

/**
 * Ends a check from within where failures to read are findings, or none can be thrown: a limit is
 * neither. The caller of the check gets the limit.
 */
final class EndedByLimit extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final LimitExceededException limit;

  EndedByLimit(LimitExceededException limit) {
    super(limit);
    this.limit = limit;
  }

  LimitExceededException limit() {
    return limit;
  }
}
