package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.error.InvalidRequestException;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Spans of time as people write them: numbers with {@code s}, {@code m}, {@code h}, {@code d} or
 * {@code w} behind, one or more in a row, or a duration of ISO 8601 in weeks, days, hours, minutes
 * and seconds. A day has 24 hours.
 */
final class DurationText {

  private static final Pattern PART = Pattern.compile("([0-9]{1,12})([smhdw])");
  private static final Pattern PARTS = Pattern.compile("(?:[0-9]{1,12}[smhdw])+");
  private static final Pattern ISO_WEEKS = Pattern.compile("P([0-9]{1,12})W");

  private DurationText() {}

  /** Reads one; 0 and more. */
  static Duration parse(String text) throws InvalidRequestException {
    try {
      String upper = text.toUpperCase(Locale.ROOT);
      Matcher weeks = ISO_WEEKS.matcher(upper);
      Duration duration =
          PARTS.matcher(text).matches()
              ? sum(text)
              : weeks.matches() ? days(weeks.group(1)).multipliedBy(7) : Duration.parse(upper);
      if (!duration.isNegative()) {
        return duration;
      }
    } catch (DateTimeException | ArithmeticException e) {
      throw invalid(text, e);
    }
    throw invalid(text, null);
  }

  private static Duration sum(String text) {
    Duration sum = Duration.ZERO;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      long number = Long.parseLong(part.group(1));
      sum =
          sum.plus(
              switch (part.group(2)) {
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                case "d" -> Duration.ofDays(number);
                default -> days(part.group(1)).multipliedBy(7);
              });
    }
    return sum;
  }

  private static Duration days(String number) {
    return Duration.ofDays(Long.parseLong(number));
  }

  private static InvalidRequestException invalid(String text, @Nullable Exception cause) {
    InvalidRequestException invalid =
        new InvalidRequestException(
            "'" + text + "' is no span of time, such as 30m, 12h, 7d or P1DT12H");
    if (cause != null) {
      invalid.initCause(cause);
    }
    return invalid;
  }
}
