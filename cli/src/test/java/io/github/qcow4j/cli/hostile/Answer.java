package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.testing.OurRun;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a command said about an image, and how it ended.
 *
 * @param command the command
 * @param run what it said
 */
record Answer(CommandLine command, OurRun run) {

  /** What a check of a raw image ends with. */
  private static final int NOT_SUPPORTED = 63;

  /** A warning of QEMU's, before a command that could write has guessed a format. */
  private static final Pattern GUESS =
      Pattern.compile(
          "^WARNING: Image format was not specified.*?restrictions\\.\n", Pattern.DOTALL);

  /** What a repair can cut off, or an option leave out: QEMU adds a line then that says how. */
  private static final Pattern REPAIRABLE =
      Pattern.compile(
          "(Too much extra metadata in snapshot table entry \\d+|Snapshot table is too big)"
              + "( \\([^\n]*\\))?\n"
              + "You can force-remove .*\n$"
              + "|Bitmap '[^\n]*' is inconsistent and cannot be used\n"
              + "Try block-dirty-bitmap-remove to delete this bitmap from disk\n$"
              + "|Cannot copy inconsistent bitmap '[^\n]*'\nTry --skip-broken-bitmaps, .*\n$");

  /** What no image may make a command say, or empty. */
  Optional<String> problem() {
    boolean unsupported = command.isCheck() && run.exitCode() == NOT_SUPPORTED;
    if (!unsupported && (run.exitCode() < 0 || run.exitCode() > command.largestExitCode())) {
      return Optional.of("the exit code is none of the command's");
    }
    String said = GUESS.matcher(run.stderr()).replaceFirst("");
    if (Stream.of("internal error", "Exception", "OutOfMemory").anyMatch(said::contains)) {
      return Optional.of("a failure that nobody foresaw");
    }
    if (said.contains("Cannot allocate memory")) {
      return Optional.of("more memory than there may be");
    }
    return isFailure() && !command.isCheck() && !isOneLine(said)
        ? Optional.of("not one line")
        : Optional.empty();
  }

  /** Whether the command did not do what was asked. */
  boolean isFailure() {
    return run.exitCode() != 0;
  }

  /** Whether the command may have changed the image: it is one that does so, and could open it. */
  boolean mayHaveChangedTheImage() {
    return command.writing() && !run.stderr().contains("Could not open");
  }

  private boolean isOneLine(String said) {
    boolean answers = said.isEmpty() && !run.stdout().isEmpty();
    return answers
        || (said.startsWith(command.personality().programName() + ": ")
            && lines(said) <= command.mostLines());
  }

  /** How a repair could help is told in a line more where QEMU does so, and nowhere else. */
  static long lines(String said) {
    return said.lines().count() - (REPAIRABLE.matcher(said).find() ? 1 : 0);
  }
}
