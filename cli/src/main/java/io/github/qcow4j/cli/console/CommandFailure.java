package io.github.qcow4j.cli.console;

import org.jspecify.annotations.Nullable;

/** A command cannot go on; it says why in one line, and ends with an exit code. */
public final class CommandFailure extends Exception {

  private static final long serialVersionUID = 1L;

  private final int exitCode;
  private final @Nullable String hint;

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

  /** A second line that helps, or null. */
  public @Nullable String hint() {
    return hint;
  }
}
