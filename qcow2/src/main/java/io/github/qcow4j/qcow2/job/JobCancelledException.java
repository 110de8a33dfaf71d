package io.github.qcow4j.qcow2.job;

import java.io.IOException;

/** A job stopped because its caller cancelled it or its time was up. Nothing was left half done. */
public final class JobCancelledException extends IOException {

  private static final long serialVersionUID = 1L;

  JobCancelledException(String message) {
    super(message);
  }
}
