package io.github.qcow4j.cli.output;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * Sizes for people: three significant digits and a binary unit, "1.52 MiB". The next unit begins at
 * 1000, so that no size has four digits before the point.
 */
public final class SizeFormat {

  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final MathContext THREE_DIGITS = new MathContext(3, RoundingMode.HALF_EVEN);

  private SizeFormat() {}

  /**
   * The text for a size.
   *
   * @param bytes 0 and more
   */
  public static String of(long bytes) {
    int unit = 0;
    while (unit < UNITS.length - 1 && bytes >= 1000L << (10 * unit)) {
      unit++;
    }
    return threeDigits((double) bytes / (1L << (10 * unit))) + " " + UNITS[unit];
  }

  /** What {@code printf("%.3g")} gives for a number from 0.1 to 1000. */
  private static String threeDigits(double number) {
    if (number == 0) {
      return "0";
    }
    BigDecimal rounded = new BigDecimal(number).round(THREE_DIGITS);
    if (rounded.compareTo(BigDecimal.valueOf(1000)) >= 0) {
      return "1e+03";
    }
    return rounded.stripTrailingZeros().toPlainString();
  }
}
