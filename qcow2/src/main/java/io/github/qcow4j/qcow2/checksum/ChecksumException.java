package io.github.qcow4j.qcow2.checksum;

import java.io.IOException;

/** There is no checksum, because the disk cannot be read. */
public final class ChecksumException extends IOException {

  private static final long serialVersionUID = 1L;

  private final long guestOffset;
  private final IOException reason;

  ChecksumException(long guestOffset, IOException reason) {
    super(reason.getMessage(), reason);
    this.guestOffset = guestOffset;
    this.reason = reason;
  }

  /** Where on the disk, in bytes: the beginning of what was asked for or read. */
  public long guestOffset() {
    return guestOffset;
  }

  /** Why. */
  public IOException reason() {
    return reason;
  }
}
