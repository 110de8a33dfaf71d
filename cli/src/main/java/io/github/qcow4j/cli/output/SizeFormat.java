package io.github.qcow4j.cli.output;

/**
 * Sizes for people: three significant digits and a binary unit, "1.52 MiB". The next unit begins at
 * 1000, so that no size has four digits before the point.
 */
public final class SizeFormat {

  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final int[] POWERS_OF_TEN = {1, 10, 100, 1000};

  /** Those of a {@code double} that are stored. */
  private static final int MANTISSA_BITS = 52;

  private static final long MANTISSA_MASK = (1L << MANTISSA_BITS) - 1;

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
    return threeDigits(bytes, 10 * unit) + " " + UNITS[unit];
  }

  /**
   * What {@code printf("%.3g")} gives for the {@code double} next to a size, divided by a power of
   * two; below 1000.
   *
   * <p>Exact, by the bits of that number: {@code BigDecimal}, which is too, takes 11 ms when it is
   * called for the first time, a sixth of a start.
   */
  private static String threeDigits(long bytes, int unitBits) {
    if (bytes == 0) {
      return "0";
    }
    double number = bytes;
    int exponent = Math.getExponent(number);
    long mantissa = (Double.doubleToRawLongBits(number) & MANTISSA_MASK) | MANTISSA_MASK + 1;
    int pointBits = MANTISSA_BITS - exponent + unitBits;
    long whole = mantissa >>> pointBits;
    int decimals = whole >= 100 ? 0 : whole >= 10 ? 1 : whole >= 1 ? 2 : 3;
    long scaled = mantissa * POWERS_OF_TEN[decimals];
    long digits = halfEven(scaled, pointBits);
    return digits == 1000 && decimals == 0 ? "1e+03" : withPoint(digits, decimals);
  }

  /** A number divided by a power of two, rounded to the next whole number, of two to the even. */
  private static long halfEven(long number, int bits) {
    long floor = number >>> bits;
    long rest = number & ((1L << bits) - 1);
    long half = 1L << (bits - 1);
    return rest > half || (rest == half && (floor & 1) == 1) ? floor + 1 : floor;
  }

  /** Without zeros at the end. */
  private static String withPoint(long digits, int decimals) {
    long left = digits;
    int places = decimals;
    while (places > 0 && left % 10 == 0) {
      left /= 10;
      places--;
    }
    long power = POWERS_OF_TEN[places];
    String fraction = Long.toString(left % power + power).substring(1);
    return left / power + (places == 0 ? "" : "." + fraction);
  }
}
