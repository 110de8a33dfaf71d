package io.github.qcow4j.cli.option;

import java.math.BigDecimal;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sizes as users write them: decimal with an optional unit {@code b k M G T P E} of either case,
 * each 1024 times the one before; fractions with a unit; hexadecimal behind {@code 0x}.
 */
public final class SizeText {

  private static final String UNITS = "BKMGTPE";
  private static final BigInteger LARGEST = BigInteger.valueOf(Long.MAX_VALUE);

  private SizeText() {}

  /**
   * The size in bytes.
   *
   * @param what what to call it in the refusal
   * @param text what the user wrote
   * @throws UsageException when it is no size, or not below 2^63
   */
  public static long parse(String what, String text) throws UsageException {
    return parse(what, text, Long.MAX_VALUE);
  }

  /**
   * The size in bytes.
   *
   * @param what what to call it in the refusal
   * @param text what the user wrote
   * @param most the largest value allowed
   * @throws UsageException when it is no size, or too large
   */
  public static long parse(String what, String text, long most) throws UsageException {
    return parse(what, text, 0, most);
  }

  /**
   * The size in bytes.
   *
   * @param what what to call it in the refusal
   * @param text what the user wrote
   * @param least the smallest value allowed
   * @param most the largest value allowed
   * @throws UsageException when it is no size, too small or too large
   */
  public static long parse(String what, String text, long least, long most) throws UsageException {
    BigInteger bytes = number(text);
    if (bytes == null) {
      throw UsageException.wrongValue(
              "Invalid " + what + " specified. You may use k, M, G, T, P or E suffixes for")
          .followedBy("kilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.");
    }
    if (bytes.compareTo(LARGEST) > 0
        || bytes.longValueExact() < least
        || bytes.longValueExact() > most) {
      throw UsageException.wrongValue(
          "Invalid " + what + " specified. Must be between " + least + " and " + most + ".");
    }
    return bytes.longValueExact();
  }

  /** The size in bytes, however large, or null when the text is no size. */
  public static @Nullable BigInteger number(String text) {
    String trimmed = text.stripLeading();
    return trimmed.isEmpty() ? null : read(trimmed);
  }

  private static @Nullable BigInteger read(String text) {
    String unsigned = text.startsWith("+") ? text.substring(1) : text;
    if (unsigned.startsWith("0x") || unsigned.startsWith("0X")) {
      int end = endOf(unsigned, 2, 16);
      if (end == 2) {
        return null;
      }
      BigInteger digits = new BigInteger(unsigned.substring(2, end), 16);
      return withUnit(new BigDecimal(digits), unsigned.substring(end), false);
    }
    int end = endOf(unsigned, 0, 10);
    if (end == 0) {
      return null;
    }
    int fractionEnd = end;
    if (end < unsigned.length() && unsigned.charAt(end) == '.') {
      fractionEnd = endOf(unsigned, end + 1, 10);
    }
    String digits = unsigned.substring(0, fractionEnd);
    BigDecimal number = new BigDecimal(digits.endsWith(".") ? digits + "0" : digits);
    return withUnit(
        number, unsigned.substring(fractionEnd), number.stripTrailingZeros().scale() > 0);
  }

  private static @Nullable BigInteger withUnit(BigDecimal number, String unit, boolean unitNeeded) {
    int power = 0;
    if (!unit.isEmpty()) {
      power = UNITS.indexOf(Character.toUpperCase(unit.charAt(0)));
      if (power < 0 || unit.length() > 1) {
        return null;
      }
    }
    if (unitNeeded && power == 0) {
      return null;
    }
    return number.multiply(new BigDecimal(BigInteger.ONE.shiftLeft(10 * power))).toBigInteger();
  }

  private static int endOf(String text, int from, int radix) {
    int end = from;
    while (end < text.length()
        && text.charAt(end) < 128
        && Character.digit(text.charAt(end), radix) >= 0) {
      end++;
    }
    return end;
  }
}
