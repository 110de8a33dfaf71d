package io.github.qcow4j.cli.console;

import org.jspecify.annotations.Nullable;

/** A command cannot go on; it says why in one line, and ends with an exit code. */
public final class CommandFailure extends Exception {

  private static final long serialVersionUID = 1L;

  private final int exitCode;
  private final @Nullable String hint;
  private @Nullable String rest;
  private @Nullable String afterword;

  /**
   * @param exitCode what the program ends with
   * @param line what went wrong, without the program's name
   */
  public CommandFailure(int exitCode, String line) {
    this(exitCode, line, null, null);
  }

  /**
   * @param exitCode what the program ends with
   * @param line what went wrong, without the program's name
   * @param hint a second line that helps, or null
   * @param cause what led to it, for debugging, or null
   */
  public CommandFailure(
      int exitCode, String line, @Nullable String hint, @Nullable Throwable cause) {
    super(line, cause);
    this.exitCode = exitCode;
    this.hint = hint;
  }

  /** What the program ends with. */
  public int exitCode() {
    return exitCode;
  }

  /** The same with text behind the line that is no whole line itself. */
  public CommandFailure withRest(String text) {
    rest = text;
    return this;
  }

  /** The same with a line of its own behind message and hint. */
  public CommandFailure followedBy(String line) {
    afterword = line;
    return this;
  }

  /** A line behind the hint, or null. */
  public @Nullable String afterword() {
    return afterword;
  }

  /** Text behind the line that is no whole line, or null. */
  public @Nullable String rest() {
    return rest;
  }

  /** A second line that helps, or null. */
  public @Nullable String hint() {
    return hint;
  }
}
