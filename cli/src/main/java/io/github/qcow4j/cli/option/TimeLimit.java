package io.github.qcow4j.cli.option;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How long a command may take, as {@code --timeout} and the environment say it.
 *
 * @param seconds 1 to {@value #MAX_SECONDS}
 */
public record TimeLimit(int seconds) {

  /** The general option. */
  public static final String OPTION = "--timeout";

  /** The environment variable, for callers that cannot change the arguments. */
  public static final String VARIABLE = "QCOW4J_TIMEOUT_SECONDS";

  /** What the program ends with when the time is up; {@code timeout(1)} does the same. */
  public static final int EXIT_CODE = 124;

  /** A year. */
  static final int MAX_SECONDS = 365 * 24 * 60 * 60;

  /** As many digits as {@link #MAX_SECONDS} has. */
  private static final Pattern FEW_DIGITS = Pattern.compile("[0-9]{1,8}");

  /** The limit that the value of the option says. */
  public static TimeLimit ofOption(String value) throws UsageException {
    return parse(OPTION, value);
  }

  /**
   * The limit that the environment says.
   *
   * @param value the value of the variable, or null when it is not set
   * @return null when it says none
   */
  public static @Nullable TimeLimit ofEnvironment(@Nullable String value) throws UsageException {
    return value == null || value.isEmpty() ? null : parse(VARIABLE, value);
  }

  private static TimeLimit parse(String source, String text) throws UsageException {
    int seconds = FEW_DIGITS.matcher(text).matches() ? Integer.parseInt(text) : 0;
    if (seconds < 1 || seconds > MAX_SECONDS) {
      throw UsageException.wrongValue(
          source
              + " must be a number of seconds from 1 to "
              + MAX_SECONDS
              + ", not '"
              + text
              + "'");
    }
    return new TimeLimit(seconds);
  }

  /** What is said when it is over. */
  public String exceeded() {
    return "The command did not end within " + seconds + (seconds == 1 ? " second" : " seconds");
  }
}
