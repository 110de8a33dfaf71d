package io.github.qcow4j.cli.pages;

import io.github.qcow4j.cli.CommandTable;
import io.github.qcow4j.cli.box.BoxCommands;
import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.TimeLimit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** All commands that there are, as they describe themselves. */
final class CommandTree {

  private static final List<CommandPage.Option> GENERAL =
      List.of(
          new CommandPage.Option(List.of("-h", "--help"), null, "show the commands and exit"),
          new CommandPage.Option(
              List.of("-V", "--version"),
              null,
              "show the version, with -v also the parts, and exit"),
          new CommandPage.Option(
              List.of("-v", "--verbose"), null, "say when the best way to the files is not open"),
          new CommandPage.Option(
              List.of(TimeLimit.OPTION),
              "SECONDS",
              "end a command that takes longer, with exit code " + TimeLimit.EXIT_CODE));

  private CommandTree() {}

  /**
   * The program, with all below it.
   *
   * @param console as which program, and where commands would print
   */
  static CommandPage of(Console console) {
    String program = console.personality().programName();
    List<CommandPage> commands = new ArrayList<>();
    Stream.concat(CommandTable.QEMU_IMG.stream(), CommandTable.OWN.stream())
        .map(name -> Objects.requireNonNull(CommandTable.find(name, console), name))
        .map(command -> page(program, command.description()))
        .forEach(commands::add);
    commands.add(page(List.of(program), BoxCommands.model(console)));
    return new CommandPage(
        List.of(program),
        "COMMAND [OPTION]... [OPERAND]...",
        "Works on disk images, qcow2 and raw, and on boxes, which are named sets of disks with"
            + " snapshots",
        GENERAL,
        commands);
  }

  private static CommandPage page(String program, Command.Description description) {
    return new CommandPage(
        List.of(program, description.name()),
        description.operands(),
        description.summary(),
        description.options().options().stream().map(CommandTree::option).toList(),
        List.of());
  }

  private static CommandPage.Option option(Option option) {
    List<String> names = new ArrayList<>();
    for (char letter : new char[] {option.letter(), option.olderLetter()}) {
      if (letter != Option.NO_LETTER) {
        names.add("-" + letter);
      }
    }
    names.add("--" + option.name());
    return new CommandPage.Option(names, option.valueName(), option.help());
  }

  private static CommandPage page(List<String> above, CommandSpec model) {
    List<String> words = new ArrayList<>(above);
    words.add(model.name());
    return new CommandPage(
        words,
        model.subcommands().isEmpty() ? operands(model) : "COMMAND",
        String.join(" ", model.usageMessage().description()),
        model.options().stream().filter(each -> !each.hidden()).map(CommandTree::option).toList(),
        model.subcommands().values().stream()
            .map(each -> page(words, each.getCommandSpec()))
            .toList());
  }

  private static String operands(CommandSpec model) {
    List<String> all = new ArrayList<>();
    for (PositionalParamSpec each : model.positionalParameters()) {
      String one = each.paramLabel() + (each.arity().max() > 1 ? "..." : "");
      all.add(each.arity().min() == 0 ? "[" + one + "]" : one);
    }
    return String.join(" ", all);
  }

  private static CommandPage.Option option(OptionSpec option) {
    return new CommandPage.Option(
        List.of(option.names()),
        option.arity().max() == 0 ? null : option.paramLabel(),
        String.join(" ", option.description()));
  }
}
