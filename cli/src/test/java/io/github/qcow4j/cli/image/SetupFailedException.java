package io.github.qcow4j.cli.image;

import java.io.IOException;

/** QEMU cannot make the images of a {@link TwinSequence}: there is nothing to compare. */
final class SetupFailedException extends IOException {

  private static final long serialVersionUID = 1L;

  SetupFailedException(String said) {
    super(said);
  }
}
