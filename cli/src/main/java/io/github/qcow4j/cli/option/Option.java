package io.github.qcow4j.cli.option;

import org.jspecify.annotations.Nullable;

/**
 * An option of a command.
 *
 * @param letter its short name, or {@link #NO_LETTER}
 * @param olderLetter a short name it had before, still understood, or {@link #NO_LETTER}
 * @param name its long name without dashes, by which commands know it
 * @param valueName what to call its value in help, or null when it takes none
 * @param help what it does, in one sentence without a full stop
 * @param extension whether {@code qemu-img} lacks it; such a one is never meant by an abbreviation
 */
public record Option(
    char letter,
    char olderLetter,
    String name,
    @Nullable String valueName,
    String help,
    boolean extension) {

  /** The letter of an option without one. */
  public static final char NO_LETTER = 0;

  /** An option that is there or not. */
  public static Option flag(char letter, String name, String help) {
    return new Option(letter, NO_LETTER, name, null, help, false);
  }

  /** An option without a short name that is there or not. */
  public static Option flag(String name, String help) {
    return new Option(NO_LETTER, NO_LETTER, name, null, help, false);
  }

  /** An option with a value. */
  public static Option value(char letter, String name, String valueName, String help) {
    return new Option(letter, NO_LETTER, name, valueName, help, false);
  }

  /** An option with a value and without a short name. */
  public static Option value(String name, String valueName, String help) {
    return new Option(NO_LETTER, NO_LETTER, name, valueName, help, false);
  }

  /** An option with a value that {@code qemu-img} lacks. */
  public static Option extension(String name, String valueName, String help) {
    return new Option(NO_LETTER, NO_LETTER, name, valueName, help, true);
  }

  /** An option that is there or not, and that {@code qemu-img} lacks. */
  public static Option extensionFlag(String name, String help) {
    return new Option(NO_LETTER, NO_LETTER, name, null, help, true);
  }

  /** The same, also known by a letter that it had before. */
  public Option withOlderLetter(char older) {
    return new Option(letter, older, name, valueName, help, extension);
  }

  /** Whether it takes a value. */
  public boolean takesValue() {
    return valueName != null;
  }
}
