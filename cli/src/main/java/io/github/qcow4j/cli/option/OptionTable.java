package io.github.qcow4j.cli.option;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The options that a command has.
 *
 * @param options all of them, in the order of its help
 */
public record OptionTable(List<Option> options) {

  public OptionTable {
    options = List.copyOf(options);
  }

  /** A table of these options. */
  public static OptionTable of(Option... options) {
    return new OptionTable(Arrays.asList(options));
  }

  /** This table with more options. */
  public OptionTable with(Option... more) {
    List<Option> all = new ArrayList<>(options);
    all.addAll(Arrays.asList(more));
    return new OptionTable(all);
  }

  /** The option of that letter, or null. */
  @Nullable Option byLetter(char letter) {
    for (Option option : options) {
      if (option.letter() == letter || option.olderLetter() == letter) {
        return option;
      }
    }
    return null;
  }

  /** The option of that name, or the only one whose name begins so, or null. */
  @Nullable Option byNameOrPrefix(String text) {
    Option found = null;
    int matches = 0;
    for (Option option : options) {
      if (option.name().equals(text)) {
        return option;
      }
      if (!option.extension() && option.name().startsWith(text)) {
        found = option;
        matches++;
      }
    }
    return matches == 1 ? found : null;
  }
}
