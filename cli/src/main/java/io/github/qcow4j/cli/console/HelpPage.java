package io.github.qcow4j.cli.console;

import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The help of one command, laid out by picocli.
 *
 * <p>Arguments are not parsed by picocli: it takes longer to load than a whole call of {@code info}
 * takes otherwise, and takes options other than {@code getopt_long(3)} does. So it is loaded for
 * help alone.
 */
final class HelpPage {

  private HelpPage() {}

  static void print(Console console, Command.Description description, OptionTable options) {
    new CommandLine(model(console, description, options)).usage(console.out(), Ansi.OFF);
  }

  private static CommandSpec model(
      Console console, Command.Description description, OptionTable options) {
    CommandSpec model =
        CommandSpec.create().name(console.personality().programName() + " " + description.name());
    model
        .usageMessage()
        .width(100)
        .customSynopsis(model.name() + " [OPTION]... " + description.operands())
        .description(description.summary() + ".")
        .sortOptions(false);
    for (Option option : options.options()) {
      model.addOption(model(option));
    }
    return model;
  }

  private static OptionSpec model(Option option) {
    String longName = "--" + option.name();
    List<String> names = new ArrayList<>();
    for (char letter : new char[] {option.letter(), option.olderLetter()}) {
      if (letter != Option.NO_LETTER) {
        names.add("-" + letter);
      }
    }
    names.add(longName);
    OptionSpec.Builder model = OptionSpec.builder(names.toArray(String[]::new));
    model.description(option.help());
    String valueName = option.valueName();
    return valueName == null
        ? model.type(boolean.class).arity("0").build()
        : model.type(String.class).arity("1").paramLabel(valueName).build();
  }
}
