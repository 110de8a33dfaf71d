package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.error.ImageException;
import java.io.IOException;
import java.nio.file.FileSystemException;

/** Why something could not be read, in the few words that the kernel has for it. */
final class FailureReason {

  /** What QEMU says of a structure that is where none can be. */
  static final String INPUT_OUTPUT_ERROR = "Input/output error";

  private FailureReason() {}

  static String of(IOException failure) {
    String reason =
        switch (failure) {
          case ImageException impossible -> INPUT_OUTPUT_ERROR;
          case FileSystemException system -> system.getReason();
          default -> failure.getMessage();
        };
    return reason == null ? INPUT_OUTPUT_ERROR : reason;
  }
}
