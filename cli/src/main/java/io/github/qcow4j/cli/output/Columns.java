package io.github.qcow4j.cli.output;

import java.nio.charset.StandardCharsets;

/**
 * Pads cells of a table to a width counted in bytes of UTF-8, as {@code printf} does. A cell that
 * is too wide is not cut.
 */
public final class Columns {

  private Columns() {}

  /** The text with spaces behind it. */
  public static String left(String text, int bytes) {
    return text + " ".repeat(missing(text, bytes));
  }

  /** The text with spaces before it. */
  public static String right(String text, int bytes) {
    return " ".repeat(missing(text, bytes)) + text;
  }

  private static int missing(String text, int bytes) {
    return Math.max(0, bytes - text.getBytes(StandardCharsets.UTF_8).length);
  }
}
