package io.github.qcow4j.cli.option;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Goes through a command's arguments as {@code getopt_long(3)} does: short options alone or bundled
 * ({@code -Uf raw}, {@code -fraw}), long ones with {@code =} or a following argument, abbreviated
 * as far as that is unique, options behind operands, {@code --} for the end of options. A value may
 * begin with a dash.
 *
 * <p>Options come out one by one, so that the first mistake from the left is the one reported. Used
 * once, by one thread.
 */
public final class OptionScanner {

  private final OptionTable table;
  private final List<String> arguments;
  private final List<String> operands = new ArrayList<>();
  private int next;
  private String bundle = "";
  private int bundleStart;
  private @Nullable String value;

  /**
   * @param table the options there are
   * @param arguments what the user wrote behind the command
   */
  public OptionScanner(OptionTable table, List<String> arguments) {
    this.table = table;
    this.arguments = List.copyOf(arguments);
  }

  /**
   * The next option, or null when all arguments are used up.
   *
   * @throws UsageException when there is no such option, or its value is missing
   */
  public @Nullable Option next() throws UsageException {
    value = null;
    if (!bundle.isEmpty()) {
      return shortOption();
    }
    while (next < arguments.size()) {
      String argument = arguments.get(next);
      next++;
      if (argument.equals("--")) {
        operands.addAll(arguments.subList(next, arguments.size()));
        next = arguments.size();
      } else if (argument.startsWith("--")) {
        return longOption(argument);
      } else if (argument.length() > 1 && argument.startsWith("-")) {
        bundle = argument.substring(1);
        bundleStart = next - 1;
        return shortOption();
      } else {
        operands.add(argument);
      }
    }
    return null;
  }

  /** The value of the option that {@link #next} gave last; only for one that takes a value. */
  public String value() {
    return Objects.requireNonNull(value, "the option takes no value");
  }

  /** The operands met so far; all of them once {@link #next} has answered null. */
  public List<String> operands() {
    return List.copyOf(operands);
  }

  private Option shortOption() throws UsageException {
    Option option = table.byLetter(bundle.charAt(0));
    bundle = bundle.substring(1);
    if (option == null) {
      throw UsageException.wrongForm("unrecognized option '" + arguments.get(bundleStart) + "'");
    }
    if (option.takesValue()) {
      if (!bundle.isEmpty()) {
        value = bundle;
        bundle = "";
      } else {
        takeValue();
      }
    }
    return option;
  }

  private Option longOption(String argument) throws UsageException {
    int equals = argument.indexOf('=');
    String name = argument.substring(2, equals < 0 ? argument.length() : equals);
    Option option = table.byNameOrPrefix(name);
    if (option == null || (equals >= 0 && !option.takesValue())) {
      throw UsageException.wrongForm("unrecognized option '" + argument + "'");
    }
    if (equals >= 0) {
      value = argument.substring(equals + 1);
    } else if (option.takesValue()) {
      takeValue();
    }
    return option;
  }

  private void takeValue() throws UsageException {
    if (next == arguments.size()) {
      throw UsageException.wrongForm(
          "missing argument for option '" + arguments.get(next - 1) + "'");
    }
    value = arguments.get(next);
    next++;
  }
}
