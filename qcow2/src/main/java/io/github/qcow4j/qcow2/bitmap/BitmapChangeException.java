package io.github.qcow4j.qcow2.bitmap;

import java.io.IOException;

/**
 * A change of bitmaps makes no sense as the bitmaps are: there is none of that name, or one
 * already, or it was not saved properly. The changes asked for before it are made.
 */
public final class BitmapChangeException extends IOException {

  private static final long serialVersionUID = 1L;

  private final transient BitmapChange change;
  private final boolean inUse;

  BitmapChangeException(BitmapChange change, String message, boolean inUse) {
    super(message);
    this.change = change;
    this.inUse = inUse;
  }

  /** The change that could not be made. */
  public BitmapChange change() {
    return change;
  }

  /** Whether the reason is a bitmap that was not saved properly, and can only be removed. */
  public boolean isInUse() {
    return inUse;
  }
}
