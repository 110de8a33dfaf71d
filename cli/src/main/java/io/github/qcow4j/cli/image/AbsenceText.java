package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;

/** One word for why a file of a chain could not be looked at. */
final class AbsenceText {

  private AbsenceText() {}

  static String of(IOException failure) {
    return switch (failure) {
      case NoSuchFileException missing -> "missing";
      case ReferenceDeniedException denied -> "denied";
      default -> "unusable";
    };
  }
}
