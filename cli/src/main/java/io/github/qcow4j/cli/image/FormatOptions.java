package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The values of {@code -o}: options of an image format as {@code name=value,...}, a comma in a
 * value written twice, a name alone meaning {@code on} and one behind {@code no} meaning {@code
 * off}. Of several values the last one counts.
 */
final class FormatOptions {

  private static final Pattern NUMBER =
      Pattern.compile("\\s*([-+]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))");

  private static final BigInteger TOO_LARGE = BigInteger.ONE.shiftLeft(Long.SIZE);

  private static final String SIZE_HINT =
      "Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\n"
          + "and exabytes, respectively.";

  private final List<FormatOption> known;
  private final Map<String, String> values = new LinkedHashMap<>();

  /**
   * Takes the options apart.
   *
   * @param format the format they are for, {@code raw} or {@code qcow2}
   * @param lists the values of all {@code -o}
   * @throws UsageException when a list is none, there is no such option, or its value is not of the
   *     kind it takes
   */
  FormatOptions(String format, List<String> lists) throws UsageException {
    this(FormatOption.of(format), lists);
  }

  /**
   * Takes options of a stated kind apart.
   *
   * @param known the options there are
   * @param lists the values of all {@code -o}
   * @throws UsageException as above
   */
  FormatOptions(List<FormatOption> known, List<String> lists) throws UsageException {
    this.known = known;
    for (String list : lists) {
      requireList(list);
      for (String item : items(list)) {
        add(item);
      }
    }
  }

  /** The one option {@code size}, whatever its value is made of. */
  static FormatOptions ofSize(String value) throws UsageException {
    FormatOptions options = new FormatOptions("raw", List.of());
    options.add("size=" + value);
    return options;
  }

  private void add(String item) throws UsageException {
    int equals = item.indexOf('=');
    String name = equals < 0 ? item : item.substring(0, equals);
    String value = equals < 0 ? "on" : item.substring(equals + 1);
    if (equals < 0 && name.startsWith("no")) {
      name = name.substring(2);
      value = "off";
    }
    FormatOption option = option(name);
    if (option == null) {
      throw UsageException.wrongValue("Invalid parameter '" + name + "'");
    }
    check(option, value);
    values.put(name, value);
  }

  private @Nullable FormatOption option(String name) {
    for (FormatOption option : known) {
      if (option.name().equals(name)) {
        return option;
      }
    }
    return null;
  }

  private void check(FormatOption option, String value) throws UsageException {
    switch (option.type()) {
      case TEXT -> {}
      case FLAG -> {
        if (flagOf(value) == null) {
          throw UsageException.wrongValue(
              "Parameter '" + option.name() + "' expects 'on' or 'off'");
        }
      }
      case NUMBER -> {
        BigInteger number = numberOf(value);
        if (number == null) {
          throw UsageException.wrongValue("Parameter '" + option.name() + "' expects a number");
        } else if (number.abs().compareTo(TOO_LARGE) >= 0) {
          throw UsageException.wrongValue(
              "Value '" + value + "' is too large for parameter '" + option.name() + "'");
        }
      }
      case SIZE -> {
        BigInteger size = SizeText.number(value);
        if (size == null) {
          throw UsageException.wrongValue(
              "Parameter '" + option.name() + "' expects a non-negative number below 2^64",
              SIZE_HINT);
        } else if (size.compareTo(TOO_LARGE) >= 0) {
          throw UsageException.wrongValue(
              "Value '" + value + "' is out of range for parameter '" + option.name() + "'");
        }
      }
    }
  }

  /** Sets a value that another option of the command line gave; false when there is no such. */
  boolean set(String name, String value) {
    if (option(name) == null) {
      return false;
    }
    values.put(name, value);
    return true;
  }

  /**
   * All options that are set, and those with a standard value, in QEMU's order: {@code name=value}
   * with a space between.
   */
  String shown() {
    StringBuilder text = new StringBuilder();
    for (FormatOption option : known) {
      String given = values.get(option.name());
      String value = given == null ? option.standard() : given;
      if (value != null) {
        text.append(text.isEmpty() ? "" : " ").append(option.name()).append('=');
        text.append(given == null ? value : shown(option, given));
      }
    }
    return text.toString();
  }

  private String shown(FormatOption option, String given) {
    return switch (option.type()) {
      case TEXT -> given.replace(",", ",,");
      case FLAG -> given;
      case NUMBER -> Long.toString(number(option.name(), 0));
      case SIZE -> Long.toString(size(option.name(), 0));
    };
  }

  /** The value, or null when it is not given. */
  @Nullable String text(String name) {
    return values.get(name);
  }

  /** The first option given whose name begins so, or null. */
  @Nullable String firstBeginning(String prefix) {
    for (String name : values.keySet()) {
      if (name.startsWith(prefix)) {
        return name;
      }
    }
    return null;
  }

  /** The value as {@code on} or {@code off}, off when it is not given. */
  boolean flag(String name) {
    String value = values.get(name);
    return value != null && Boolean.TRUE.equals(flagOf(value));
  }

  private static @Nullable Boolean flagOf(String value) {
    return switch (value) {
      case "on", "yes", "true", "y" -> Boolean.TRUE;
      case "off", "no", "false", "n" -> Boolean.FALSE;
      default -> null;
    };
  }

  /** The value as a size, or {@code otherwise} when it is not given; negative from 2^63 on. */
  long size(String name, long otherwise) {
    String value = values.get(name);
    BigInteger size = value == null ? null : SizeText.number(value);
    return size == null ? otherwise : size.longValue();
  }

  /** The value as a whole number, or {@code otherwise} when it is not given. */
  long number(String name, long otherwise) {
    String value = values.get(name);
    BigInteger number = value == null ? null : numberOf(value);
    return number == null ? otherwise : number.longValue();
  }

  /** A whole number as {@code strtoull(3)} reads it: decimal, octal or hexadecimal. */
  private static @Nullable BigInteger numberOf(String value) {
    Matcher matcher = NUMBER.matcher(value);
    if (!matcher.matches()) {
      return null;
    }
    BigInteger number =
        matcher.group(2) != null
            ? new BigInteger(matcher.group(2), 16)
            : matcher.group(3) != null
                ? new BigInteger(matcher.group(3), 8)
                : new BigInteger(matcher.group(4));
    return "-".equals(matcher.group(1)) ? number.negate() : number;
  }

  /** Requires that all options are among those given, and their values of their kinds. */
  static void require(List<FormatOption> known, List<String> lists) throws UsageException {
    FormatOptions options = new FormatOptions(known, List.of());
    for (String list : lists) {
      for (String item : items(list)) {
        options.add(item);
      }
    }
  }

  /** Requires a list that can be taken apart. */
  static void requireList(String list) throws UsageException {
    if (list.isEmpty() || list.startsWith(",") || endsOpen(list)) {
      throw UsageException.wrongValue("Invalid option list: " + list);
    }
  }

  /** The items of a list; a comma in one is written twice. */
  static List<String> items(String list) {
    List<String> items = new ArrayList<>();
    StringBuilder item = new StringBuilder();
    for (int i = 0; i < list.length(); i++) {
      char c = list.charAt(i);
      if (c != ',') {
        item.append(c);
      } else if (i + 1 < list.length() && list.charAt(i + 1) == ',') {
        item.append(c);
        i++;
      } else {
        items.add(item.toString());
        item.setLength(0);
      }
    }
    items.add(item.toString());
    return items;
  }

  /** Whether the list ends with a comma that separates, which is an odd number of them. */
  private static boolean endsOpen(String list) {
    int end = list.length();
    while (end > 0 && list.charAt(end - 1) == ',') {
      end--;
    }
    return (list.length() - end) % 2 == 1;
  }
}
