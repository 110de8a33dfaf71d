package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.List;

/**
 * What one finished process said.
 *
 * @param command program and arguments
 * @param directory the process's working directory
 * @param exitCode exit code; 128 + n when signal n ended it
 * @param stdout standard output, decoded as UTF-8
 * @param stderr standard error, decoded as UTF-8
 */
public record ToolRun(
    List<String> command, Path directory, int exitCode, String stdout, String stderr) {

  public ToolRun {
    command = List.copyOf(command);
  }

  /**
   * This run when it ended with one of the exit codes allowed.
   *
   * @throws AssertionError with the command and both outputs otherwise
   */
  public ToolRun expectExit(int... allowed) {
    for (int code : allowed) {
      if (code == exitCode) {
        return this;
      }
    }
    throw new AssertionError("unexpected exit code " + exitCode + "\n" + this);
  }

  /** This run when it ended with exit code 0. */
  public ToolRun orFail() {
    return expectExit(0);
  }

  /**
   * Standard error when there is any, otherwise standard output: the part a failure message needs.
   */
  public String complaint() {
    return stderr.isBlank() ? stdout : stderr;
  }

  @Override
  public String toString() {
    return "cd %s; %s\nexit %d\nstdout: %s\nstderr: %s"
        .formatted(directory, ShellText.of(command), exitCode, stdout, stderr);
  }
}
