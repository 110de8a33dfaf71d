package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.qcow2.ImageFormat;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code -o help} says: the options that images of a format have. */
final class FormatHelp {

  private static final int NAME_COLUMNS = 24;

  private FormatHelp() {}

  /** Whether one of the lists asks for help rather than setting options. */
  static boolean isWanted(List<String> lists) {
    for (String list : lists) {
      for (String item : FormatOptions.items(list)) {
        if (item.equals("help") || item.equals("?")) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * The list of options.
   *
   * @param format the name of the format
   * @param target the image's name, or null when none is given
   */
  static String of(String format, @Nullable String target) throws CommandFailure {
    if (ImageFormat.byLabel(format).isEmpty()) {
      throw new CommandFailure(1, UnknownFormat.refusal(format));
    }
    boolean raw = format.equals("raw");
    if (target == null) {
      return "Supported "
          + format
          + " options:\n"
          + lines(raw ? FormatOption.RAW_FORMAT : FormatOption.QCOW2_FORMAT)
          + "\nThe protocol level may support further options.\n"
          + "Specify the target filename to include those options.\n";
    }
    return "Supported options:\n" + lines(FormatOption.of(format));
  }

  /** The list of options that can be changed afterwards. */
  static String ofAmending() {
    return "Amend options for 'qcow2':\n" + lines(FormatOption.QCOW2_AMENDED);
  }

  private static String lines(List<FormatOption> options) {
    List<FormatOption> sorted = new ArrayList<>(options);
    sorted.sort(Comparator.comparing(FormatOption::name));
    StringBuilder text = new StringBuilder();
    for (FormatOption option : sorted) {
      String name = "  " + option.name() + "=<" + option.type().label() + ">";
      text.append(name)
          .append(" ".repeat(Math.max(0, NAME_COLUMNS - name.length())))
          .append(" - ")
          .append(option.help())
          .append('\n');
    }
    return text.toString();
  }
}
