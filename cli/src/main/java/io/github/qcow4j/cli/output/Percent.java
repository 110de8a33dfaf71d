package io.github.qcow4j.cli.output;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** Percentages with two decimal places, as {@code printf("%.2f")} gives them. */
public final class Percent {

  private Percent() {}

  /**
   * The text for a share, without a percent sign.
   *
   * @param part the share
   * @param whole what it is a share of, not 0
   */
  public static String of(long part, long whole) {
    return text(part * 100.0 / (double) whole);
  }

  /** The text for a percentage. */
  static String text(double percent) {
    return new BigDecimal(percent).setScale(2, RoundingMode.HALF_EVEN).toPlainString();
  }
}
