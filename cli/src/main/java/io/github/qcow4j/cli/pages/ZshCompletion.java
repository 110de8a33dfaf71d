package io.github.qcow4j.cli.pages;

import static java.util.stream.Collectors.joining;

/** Completion for zsh: a function for each command, called by that of the command above it. */
final class ZshCompletion {

  private ZshCompletion() {}

  /** The script. */
  static String of(CommandPage program) {
    return """
    #compdef %1$s
    # Completion of %1$s for zsh. Put it into a directory of $fpath, such as share/zsh/site-functions, as _%1$s.

    %2$s
    _%1$s "$@"
    """
        .formatted(
            program.name(),
            program.all().stream().map(ZshCompletion::function).collect(joining("\n")));
  }

  private static String functionName(CommandPage page) {
    return "_" + String.join("_", page.words()).replace('-', '_');
  }

  private static String function(CommandPage page) {
    return page.isGroup() ? group(page) : command(page);
  }

  private static String command(CommandPage page) {
    return "%s() {\n  _arguments -s%s '*:operand:_files'\n}\n"
        .formatted(functionName(page), options(page));
  }

  private static String group(CommandPage page) {
    String names =
        page.commands().stream()
            .map(each -> "    " + quoted(escaped(each.name()) + ":" + Wording.firstSentence(each)))
            .collect(joining("\n"));
    String calls =
        page.commands().stream()
            .map(each -> "        %s) %s ;;".formatted(each.name(), functionName(each)))
            .collect(joining("\n"));
    return """
    %1$s() {
      local context state state_descr line
      typeset -A opt_args
      local -a commands
      commands=(
    %2$s
      )
      _arguments -C -s%3$s '1:command:->command' '*::operand:->operands'
      case $state in
        command) _describe command commands ;;
        operands)
          case $line[1] in
    %4$s
          esac ;;
      esac
    }
    """
        .formatted(functionName(page), names, options(page), calls);
  }

  /** Each by all its names, of which one excludes no other: some may come more than once. */
  private static String options(CommandPage page) {
    return page.options().stream()
        .flatMap(option -> option.names().stream().map(name -> " \\\n    " + spec(name, option)))
        .collect(joining());
  }

  private static String spec(String name, CommandPage.Option option) {
    String value = option.valueName();
    String joined = name.startsWith("--") ? "=" : "+";
    String action =
        option.values().isEmpty() ? "_files" : "(" + String.join(" ", option.values()) + ")";
    return quoted(
        "*"
            + name
            + (value == null ? "" : joined)
            + "["
            + escaped(option.help())
            + "]"
            + (value == null ? "" : ":" + escaped(value) + ":" + action));
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:");
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
