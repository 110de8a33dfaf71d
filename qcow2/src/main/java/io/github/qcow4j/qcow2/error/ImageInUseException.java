package io.github.qcow4j.qcow2.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Another open file, of this or another program, holds a lock that excludes the access asked for.
 */
public final class ImageInUseException extends ImageException {

  private static final long serialVersionUID = 1L;

  /**
   * @param image the image that is in use
   * @param message which right could not be had, in QEMU's words
   */
  public ImageInUseException(@Nullable Path image, String message) {
    super(image, message);
  }
}
