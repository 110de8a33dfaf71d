package io.github.qcow4j.cli.pages;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be said of a command.
 *
 * @param words the words it is called by, the program first
 * @param operands what follows its options, for example {@code FILE}
 * @param summary what it does; a sentence without a full stop, or several
 * @param options its options, in the order of its help
 * @param commands the commands it has of its own; then it is none itself
 */
record CommandPage(
    List<String> words,
    String operands,
    String summary,
    List<Option> options,
    List<CommandPage> commands) {

  CommandPage {
    words = List.copyOf(words);
    options = List.copyOf(options);
    commands = List.copyOf(commands);
  }

  /**
   * An option.
   *
   * @param names its names with their dashes, short ones first
   * @param valueName what its value is called, or null when it takes none
   * @param help what it does
   */
  record Option(List<String> names, @Nullable String valueName, String help) {

    Option {
      names = List.copyOf(names);
    }

    /** What its value can be, when it is one of a few words. */
    List<String> values() {
      return switch (valueName) {
        case "FMT" -> List.of("raw", "qcow2");
        case "CACHE" -> List.of("none", "writeback", "writethrough", "directsync", "unsafe");
        case null, default -> List.of();
      };
    }
  }

  /** The word it is called by. */
  String name() {
    return words.getLast();
  }

  /** All its words. */
  String call() {
    return String.join(" ", words);
  }

  /** Whether it is only a name for what its commands do. */
  boolean isGroup() {
    return !commands.isEmpty();
  }

  /** This command and all below it, each before its own. */
  List<CommandPage> all() {
    List<CommandPage> all = new ArrayList<>();
    all.add(this);
    commands.forEach(command -> all.addAll(command.all()));
    return all;
  }
}
