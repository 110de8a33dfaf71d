package io.github.qcow4j.qcow2.compare;

import java.io.IOException;

/** A comparison came to no result, because one of the images could not be read. */
public final class ComparisonException extends IOException {

  private static final long serialVersionUID = 1L;

  private final Stage stage;
  private final int imageIndex;
  private final long guestOffset;
  private final IOException reason;

  /** What failed. */
  public enum Stage {
    /** The tables that tell what is allocated. */
    EXTENTS,
    /** The data. */
    DATA
  }

  ComparisonException(Stage stage, int imageIndex, long guestOffset, IOException reason) {
    super(reason.getMessage(), reason);
    this.stage = stage;
    this.imageIndex = imageIndex;
    this.guestOffset = guestOffset;
    this.reason = reason;
  }

  /** What failed. */
  public Stage stage() {
    return stage;
  }

  /** Which of the images it was: 0 or 1. */
  public int imageIndex() {
    return imageIndex;
  }

  /** Where on the disk, in bytes. */
  public long guestOffset() {
    return guestOffset;
  }

  /** Why. */
  public IOException reason() {
    return reason;
  }
}
