package io.github.qcow4j.qcow2.testing;

import java.util.List;

/**
 * One command of the script that makes an image.
 *
 * @param command program and arguments; {@value #HERE} stands for the absolute path of the image's
 *     directory
 * @param refusalAllowed whether QEMU may refuse to compress over an allocated cluster
 */
record ReplayStep(List<String> command, boolean refusalAllowed) {

  static final String HERE = "@here@";

  ReplayStep {
    command = List.copyOf(command);
  }

  static ReplayStep of(String... command) {
    return new ReplayStep(List.of(command), false);
  }

  static ReplayStep of(List<String> command) {
    return new ReplayStep(command, false);
  }

  /** The command with every placeholder replaced. */
  List<String> commandIn(String directory) {
    return command.stream().map(word -> word.replace(HERE, directory)).toList();
  }

  /** Fails unless the run went as this step allows. */
  void verify(ToolRun run) {
    boolean ok = refusalAllowed ? run.exitCode() == 0 || onlyRefusals(run) : run.exitCode() == 0;
    if (!ok) {
      throw new AssertionError("a step of an image's script failed\n" + run);
    }
  }

  private static boolean onlyRefusals(ToolRun run) {
    return run.exitCode() == 1
        && run.stderr().isEmpty()
        && run.stdout()
            .lines()
            .filter(line -> line.contains("failed") || line.contains("aligned"))
            .allMatch("write failed: Input/output error"::equals);
  }
}
