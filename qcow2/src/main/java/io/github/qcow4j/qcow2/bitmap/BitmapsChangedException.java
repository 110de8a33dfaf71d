package io.github.qcow4j.qcow2.bitmap;

import java.io.IOException;

/**
 * Bitmaps were changed, durably, and then what they had before could not be given back: the storage
 * failed, or refcounts turned out to be damaged. The image is as after a power cut, good but for
 * leaked clusters, and is to be opened anew before it is changed again.
 */
public final class BitmapsChangedException extends IOException {

  private static final long serialVersionUID = 1L;

  private final IOException reason;

  /**
   * @param reason what failed then
   */
  public BitmapsChangedException(IOException reason) {
    super("Bitmaps are changed, but then: " + reason.getMessage(), reason);
    this.reason = reason;
  }

  /** What failed then. */
  public IOException reason() {
    return reason;
  }
}
