package io.github.qcow4j.qcow2.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A named limit would be passed. Nothing was allocated for what lies beyond it. */
public final class LimitExceededException extends ImageException {

  private static final long serialVersionUID = 1L;

  private final String limitName;
  private final long limit;
  private final @Nullable String remedy;

  /**
   * @param image the image, when known
   * @param message what was refused, in QEMU's words where QEMU has some
   * @param limitName the name of the limit
   * @param limit its value, in the unit that its name says
   */
  public LimitExceededException(
      @Nullable Path image, String message, String limitName, long limit) {
    this(image, message, limitName, limit, null);
  }

  /**
   * @param image the image, when known
   * @param message what was refused, in QEMU's words where QEMU has some
   * @param limitName the name of the limit
   * @param limit its value, in the unit that its name says
   * @param remedy what a repair of everything would do about it, as in "You can ...", or null when
   *     it would not help
   */
  public LimitExceededException(
      @Nullable Path image, String message, String limitName, long limit, @Nullable String remedy) {
    super(image, message);
    this.remedy = remedy;
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

  /**
   * What a repair of everything, {@link io.github.qcow4j.qcow2.check.RepairScope#ALL}, would do
   * about it, as in "You can ...", or null when it would not help.
   */
  public @Nullable String remedy() {
    return remedy;
  }

  @Override
  public String where() {
    return limitName + " " + limit;
  }
}
