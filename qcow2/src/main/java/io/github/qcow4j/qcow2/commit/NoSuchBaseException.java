package io.github.qcow4j.qcow2.commit;

import java.io.IOException;

/** The chain has no such image to commit to. Nothing was changed. */
public final class NoSuchBaseException extends IOException {

  private static final long serialVersionUID = 1L;

  NoSuchBaseException(String message) {
    super(message);
  }
}
