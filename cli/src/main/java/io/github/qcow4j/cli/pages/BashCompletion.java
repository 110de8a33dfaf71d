package io.github.qcow4j.cli.pages;

import static java.util.stream.Collectors.joining;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Completion for bash: commands, options, the values of those that take one of a few words; names
 * of files everywhere else.
 */
final class BashCompletion {

  private BashCompletion() {}

  /** The script. */
  static String of(CommandPage program) {
    String name = program.name();
    return """
    # Completion of %1$s for bash. Read it with "source", or put it into share/bash-completion/completions/%1$s.

    _%1$s() {
      local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} i
      # --name=value comes as three words.
      if [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
      elif [[ $current == = ]]; then
        current=
      fi
      local called=%1$s
      for ((i = 1; i < COMP_CWORD; i++)); do
        case "$called ${COMP_WORDS[i]}" in
          %2$s) called+=" ${COMP_WORDS[i]}" ;;
        esac
      done
      local commands= options= valued= formats= caches=
      case $called in
    %3$s
      esac
      COMPREPLY=()
      case " $formats " in *" $before "*) COMPREPLY=($(compgen -W "%4$s" -- "$current")); return ;; esac
      case " $caches " in *" $before "*) COMPREPLY=($(compgen -W "%5$s" -- "$current")); return ;; esac
      case " $valued " in *" $before "*) return ;; esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
      elif [[ -n $commands ]]; then
        COMPREPLY=($(compgen -W "$commands" -- "$current"))
      fi
    }
    complete -o default -o bashdefault -F _%1$s %1$s
    """
        .formatted(
            name,
            program.all().stream()
                .skip(1)
                .map(page -> '"' + page.call() + '"')
                .collect(joining("|")),
            program.all().stream().map(BashCompletion::known).collect(joining("\n")),
            values("FMT"),
            values("CACHE"));
  }

  private static String values(String valueName) {
    return String.join(" ", new CommandPage.Option(List.of(), valueName, "").values());
  }

  /** What is known of a command, as one arm of the case. */
  private static String known(CommandPage page) {
    return "    \"%s\")\n      commands=\"%s\"\n      options=\"%s\"\n      valued=\"%s\" formats=\"%s\" caches=\"%s\" ;;"
        .formatted(
            page.call(),
            page.commands().stream().map(CommandPage::name).collect(joining(" ")),
            names(page, option -> true),
            names(page, option -> option.valueName() != null && option.values().isEmpty()),
            names(page, option -> "FMT".equals(option.valueName())),
            names(page, option -> "CACHE".equals(option.valueName())));
  }

  private static String names(CommandPage page, Predicate<CommandPage.Option> which) {
    Stream<String> names =
        page.options().stream().filter(which).flatMap(option -> option.names().stream());
    return names.collect(joining(" "));
  }
}
