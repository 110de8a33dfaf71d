package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.create.Preallocation;

/** What a new raw image is to be, by the options of {@code -o}. */
final class RawOptions {

  private RawOptions() {}

  /** Which storage to take at once. */
  static Preallocation preallocation(FormatOptions options) throws UsageException {
    String mode = options.text("preallocation");
    return switch (mode) {
      case null -> Preallocation.OFF;
      case "off" -> Preallocation.OFF;
      case "falloc" -> Preallocation.FALLOC;
      case "full" -> Preallocation.FULL;
      case "metadata" ->
          throw UsageException.wrongValue("Unsupported preallocation mode: metadata");
      default -> throw UsageException.wrongValue("invalid parameter value: " + mode);
    };
  }
}
