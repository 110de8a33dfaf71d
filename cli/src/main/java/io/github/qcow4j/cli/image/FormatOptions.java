package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The values of {@code -o}: options of an image format as {@code name=value,...}, a comma in a
 * value written twice, a name alone meaning {@code on} and one behind {@code no} meaning {@code
 * off}. Of several values the last one counts.
 */
final class FormatOptions {

  private static final Set<String> RAW =
      Set.of("size", "preallocation", "nocow", "extent_size_hint");

  private static final Set<String> QCOW2 =
      Set.of(
          "size",
          "compat",
          "backing_file",
          "backing_fmt",
          "data_file",
          "data_file_raw",
          "cluster_size",
          "extended_l2",
          "preallocation",
          "lazy_refcounts",
          "refcount_bits",
          "compression_type",
          "encryption",
          "encrypt.format",
          "encrypt.key-secret",
          "encrypt.cipher-alg",
          "encrypt.cipher-mode",
          "encrypt.ivgen-alg",
          "encrypt.ivgen-hash-alg",
          "encrypt.hash-alg",
          "encrypt.iter-time",
          "nocow",
          "extent_size_hint");

  private final String afterword;
  private final Map<String, String> values = new LinkedHashMap<>();

  /**
   * Takes the options apart.
   *
   * @param format the format they are for, {@code raw} or {@code qcow2}
   * @param lists the values of all {@code -o}
   * @param afterword what to say behind what is wrong with one; empty for nothing
   */
  FormatOptions(String format, List<String> lists, String afterword) throws UsageException {
    this.afterword = afterword;
    Set<String> known = format.equals("raw") ? RAW : QCOW2;
    for (String list : lists) {
      for (String item : items(list)) {
        int equals = item.indexOf('=');
        String name = equals < 0 ? item : item.substring(0, equals);
        String value = equals < 0 ? "on" : item.substring(equals + 1);
        if (equals < 0 && name.startsWith("no") && known.contains(name.substring(2))) {
          name = name.substring(2);
          value = "off";
        }
        if (!known.contains(name)) {
          throw invalid("Invalid parameter '" + name + "'");
        }
        values.put(name, value);
      }
    }
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
  boolean flag(String name) throws UsageException {
    String value = values.get(name);
    if (value == null) {
      return false;
    }
    return switch (value) {
      case "on", "yes", "true", "y" -> true;
      case "off", "no", "false", "n" -> false;
      default -> throw invalid("Parameter '" + name + "' expects 'on' or 'off'");
    };
  }

  /** The value as a size, or {@code otherwise} when it is not given. */
  long size(String name, long otherwise) throws UsageException {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    try {
      return SizeText.parse(name, value);
    } catch (UsageException e) {
      throw invalid("Parameter '" + name + "' expects a non-negative number below 2^64");
    }
  }

  /** The value as a whole number, or {@code otherwise} when it is not given. */
  long number(String name, long otherwise) throws UsageException {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw invalid("Parameter '" + name + "' expects a number");
    }
  }

  private UsageException invalid(String message) {
    return UsageException.wrongValue(afterword.isEmpty() ? message : message + "\n" + afterword);
  }

  private static List<String> items(String list) throws UsageException {
    if (list.startsWith(",") || endsOpen(list)) {
      throw UsageException.wrongValue("Invalid option list: " + list);
    }
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
