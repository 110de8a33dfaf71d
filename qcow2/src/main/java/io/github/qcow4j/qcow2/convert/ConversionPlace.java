package io.github.qcow4j.qcow2.convert;

import java.io.IOException;

/**
 * A note attached (as a suppressed exception) to a failure of a conversion, which keeps its type:
 * what the conversion was doing, and where.
 */
public final class ConversionPlace extends Exception {

  private static final long serialVersionUID = 1L;

  private final Activity activity;
  private final long offset;

  /** What a conversion does. */
  public enum Activity {
    /** Asking a source what stands where. */
    READING_EXTENTS,
    /** Reading data of a source. */
    READING,
    /** Writing to the target. */
    WRITING
  }

  private ConversionPlace(Activity activity, long offset) {
    super(activity + " at " + offset, null, false, false);
    this.activity = activity;
    this.offset = offset;
  }

  /** What the conversion was doing. */
  public Activity activity() {
    return activity;
  }

  /** Where, in bytes from the first source's beginning. */
  public long offset() {
    return offset;
  }

  static IOException noted(IOException failure, Activity activity, long offset) {
    failure.addSuppressed(new ConversionPlace(activity, offset));
    return failure;
  }
}
