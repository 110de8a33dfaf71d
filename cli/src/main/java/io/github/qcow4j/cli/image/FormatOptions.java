package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.UsageException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values of {@code -o}: options of an image format as {@code name=value,...}, a comma in a
 * value written twice, a name alone meaning {@code on} and one behind {@code no} meaning {@code
 * off}. Of several values the last one counts.
 */
final class FormatOptions {

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
    this.known = new ArrayList<>(ofFormat(format));
    known.addAll(FormatOption.FILE);
    for (String list : lists) {
      requireList(list);
    }
    for (String list : lists) {
      for (String item : items(list)) {
        take(item);
      }
    }
  }

  private void take(String item) throws UsageException {
    int equals = item.indexOf('=');
    String name = equals < 0 ? item : item.substring(0, equals);
    String value = equals < 0 ? "on" : item.substring(equals + 1);
    if (equals < 0
        && name.startsWith("no")
        && FormatOption.find(known, name).isEmpty()
        && FormatOption.find(known, name.substring(2)).isPresent()) {
      name = name.substring(2);
      value = "off";
    }
    FormatOption option = FormatOption.find(known, name).orElse(null);
    if (option == null) {
      throw UsageException.wrongValue("Invalid parameter '" + name + "'");
    }
    option.requireType(value);
    values.put(name, value);
  }

  /** The options of a format. */
  static List<FormatOption> ofFormat(String format) {
    return format.equals("raw") ? FormatOption.RAW : FormatOption.QCOW2;
  }

  /** Refuses the value of an {@code -o} that is no list, at once when it is met. */
  static void requireList(String list) throws UsageException {
    if (list.isEmpty() || list.startsWith(",") || endsOpen(list)) {
      throw UsageException.wrongValue("Invalid option list: " + list);
    }
  }

  /** Whether the lists ask which options there are. */
  static boolean askHelp(List<String> lists) {
    for (String list : lists) {
      List<String> items = items(list);
      if (items.contains("help") || items.contains("?")) {
        return true;
      }
    }
    return false;
  }

  /**
   * What there is to say when help is asked for.
   *
   * @param format the format
   * @param withFile whether a file is named, whose options count too
   */
  static String help(String format, boolean withFile) throws UsageException {
    if (!format.equals("raw") && !format.equals("qcow2")) {
      throw UsageException.wrongValue("Unknown file format '" + format + "'");
    }
    List<FormatOption> options = new ArrayList<>(ofFormat(format));
    if (withFile) {
      options.addAll(FormatOption.FILE);
    }
    options.sort(Comparator.comparing(FormatOption::name));
    StringBuilder text =
        new StringBuilder(
            withFile ? "Supported options:\n" : "Supported " + format + " options:\n");
    for (FormatOption option : options) {
      String left = "  " + option.name() + "=" + option.type().placeholder();
      text.append(left).append(" ".repeat(Math.max(0, 24 - left.length())));
      text.append(" - ").append(option.help()).append('\n');
    }
    if (!withFile) {
      text.append("\nThe protocol level may support further options.\n");
      text.append("Specify the target filename to include those options.\n");
    }
    return text.toString();
  }

  /** The value, or null when it is not given. */
  @Nullable String text(String name) {
    return values.get(name);
  }

  /** Sets a value that another option of the command gives. */
  void set(String name, String value) {
    values.put(name, value);
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
  boolean flag(String name) throws UsageException {
    String value = values.get(name);
    return value != null && option(name).flag(value);
  }

  /** The value as a size, or {@code otherwise} when it is not given. */
  long size(String name, long otherwise) throws UsageException {
    String value = values.get(name);
    return value == null ? otherwise : option(name).size(value);
  }

  /** The value as a whole number, or {@code otherwise} when it is not given. */
  long number(String name, long otherwise) throws UsageException {
    String value = values.get(name);
    return value == null ? otherwise : option(name).number(value);
  }

  private FormatOption option(String name) {
    return FormatOption.find(known, name).orElseThrow();
  }

  private static List<String> items(String list) {
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
