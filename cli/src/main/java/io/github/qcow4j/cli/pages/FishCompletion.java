package io.github.qcow4j.cli.pages;

import static java.util.stream.Collectors.joining;

/** Completion for fish, each line for one command or one option. */
final class FishCompletion {

  private FishCompletion() {}

  /** The script. */
  static String of(CommandPage program) {
    String name = program.name();
    StringBuilder script =
        new StringBuilder(
            """
            # Completion of %1$s for fish. Put it into share/fish/vendor_completions.d/%1$s.fish.

            # The words that stand before the cursor, options left out, begin with these, and with no more commands than that.
            function __%1$s_is
                set -l called
                set -l words (commandline -opc)
                set -e words[1]
                for word in $words
                    contains -- "$called $word" %2$s; and set called "$called $word"
                end
                test "$called" = "$argv[1]"
            end

            """
                .formatted(
                    name,
                    program.all().stream()
                        .skip(1)
                        .map(page -> quoted(below(page)))
                        .collect(joining(" "))));
    for (CommandPage page : program.all()) {
      String condition =
          "complete -c %s -n %s".formatted(name, quoted("__" + name + "_is '" + below(page) + "'"));
      for (CommandPage command : page.commands()) {
        script.append(
            "%s -f -a %s -d %s\n"
                .formatted(condition, command.name(), quoted(Wording.firstSentence(command))));
      }
      page.options().forEach(option -> script.append(condition).append(line(option)));
    }
    return script.toString();
  }

  /** What follows the program's name, each word behind a space. */
  private static String below(CommandPage page) {
    return page.words().stream().skip(1).map(word -> " " + word).collect(joining());
  }

  private static String line(CommandPage.Option option) {
    StringBuilder line = new StringBuilder();
    for (String name : option.names()) {
      line.append(name.startsWith("--") ? " -l " : " -s ").append(name.replaceFirst("^-+", ""));
    }
    if (!option.values().isEmpty()) {
      line.append(" -x -a ").append(quoted(String.join(" ", option.values())));
    } else if (option.valueName() != null) {
      line.append(" -r");
    }
    return line.append(" -d ").append(quoted(option.help())).append('\n').toString();
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
