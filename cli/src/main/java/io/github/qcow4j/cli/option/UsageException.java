package io.github.qcow4j.cli.option;

import org.jspecify.annotations.Nullable;

/** The user's arguments make no sense; the message says which, in qemu-img's words. */
public final class UsageException extends Exception {

  private static final long serialVersionUID = 1L;

  private final @Nullable String hint;
  private final @Nullable String afterword;
  private final boolean pointingToHelp;

  private UsageException(
      String message, @Nullable String hint, @Nullable String afterword, boolean pointingToHelp) {
    super(message);
    this.hint = hint;
    this.afterword = afterword;
    this.pointingToHelp = pointingToHelp;
  }

  /** A value is wrong: said in one line. */
  public static UsageException wrongValue(String message) {
    return new UsageException(message, null, null, false);
  }

  /** A value is wrong: said in one line, with a hint that follows without the program's name. */
  public static UsageException wrongValue(String message, String hint) {
    return new UsageException(message, hint, null, false);
  }

  /** The form is wrong: the line is followed by one that points to the help. */
  public static UsageException wrongForm(String message) {
    return new UsageException(message, null, null, true);
  }

  /** The same with words before its message. */
  public UsageException after(String prefix) {
    return new UsageException(prefix + getMessage(), hint, afterword, pointingToHelp);
  }

  /** The same with a line of its own behind message and hint. */
  public UsageException followedBy(String line) {
    return new UsageException(String.valueOf(getMessage()), hint, line, pointingToHelp);
  }

  /** Lines that help, or null. */
  public @Nullable String hint() {
    return hint;
  }

  /** A line behind the hint, or null. */
  public @Nullable String afterword() {
    return afterword;
  }

  /** Whether a line that points to the help should follow. */
  public boolean pointingToHelp() {
    return pointingToHelp;
  }
}
