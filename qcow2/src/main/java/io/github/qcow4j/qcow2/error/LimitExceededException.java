package io.github.qcow4j.qcow2.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A named limit would be passed. Nothing was allocated for what lies beyond it. */
public final class LimitExceededException extends ImageException {

  private static final long serialVersionUID = 1L;

  private final String limitName;
  private final long limit;

  /**
   * @param image the image, when known
   * @param message what was refused, in QEMU's words where QEMU has some
   * @param limitName the name of the limit
   * @param limit its value, in the unit that its name says
   */
  public LimitExceededException(
      @Nullable Path image, String message, String limitName, long limit) {
    super(image, message);
    this.limitName = limitName;
    this.limit = limit;
  }

  /** The name of the limit. */
  public String limitName() {
    return limitName;
  }

  /** The value of the limit, in the unit that its name says. */
  public long limit() {
    return limit;
  }

  @Override
  public String where() {
    return limitName + " " + limit;
  }
}
