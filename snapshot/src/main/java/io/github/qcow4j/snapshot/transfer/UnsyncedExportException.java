package io.github.qcow4j.snapshot.transfer;

import java.io.IOException;
import java.nio.file.Path;

/**
 * An export stands under its name, whole, but that could not be made durable, nor could it be taken
 * away again: a power cut may.
 */
public final class UnsyncedExportException extends IOException {

  private static final long serialVersionUID = 1L;

  /**
   * @param name the archive or the directory
   * @param cause why it is not durable
   */
  public UnsyncedExportException(Path name, IOException cause) {
    super(
        "'%s' is whole, but a power cut may take it away: %s".formatted(name, cause.getMessage()),
        cause);
  }
}
