package io.github.qcow4j.cli;

import io.github.qcow4j.cli.box.BoxCommands;
import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.image.ImageEnvironment;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import java.io.IOException;
import java.util.List;

/** One call of the program: general options, then a command; and how each failure ends. */
final class Program {

  private static final int FAILURE = 1;

  private final Console console;

  /** What it ends with when something is not foreseen: a command may mean another thing by 1. */
  private int failureExitCode = FAILURE;

  Program(Console console) {
    this.console = console;
  }

  int run(List<String> arguments) {
    int exitCode = runGuarded(arguments);
    console.out().flush();
    if (console.out().checkError() && exitCode == 0) {
      console.error(console.outputFailure());
      return failureExitCode;
    }
    return exitCode;
  }

  /** What to end with when its output turns out to be lost after all. */
  int failureExitCode() {
    return failureExitCode;
  }

  private int runGuarded(List<String> arguments) {
    try {
      return dispatch(arguments);
    } catch (UsageException e) {
      console.error(String.valueOf(e.getMessage()));
      if (e.hint() != null) {
        e.hint().lines().forEach(console::hint);
      }
      if (e.afterword() != null) {
        console.error(e.afterword());
      }
      if (e.pointingToHelp()) {
        console.hint(
            "Try '" + console.personality().programName() + " --help' for more information");
      }
      return FAILURE;
    } catch (CommandFailure e) {
      return console.deadline().hasCaused(e) ? timeIsUp(e) : failed(e);
    } catch (JobCancelledException e) {
      return console.deadline().hasCaused(e) ? timeIsUp(e) : failed(e, !console.isCancelled());
    } catch (IOException | RuntimeException | Error e) {
      return console.deadline().hasCaused(e) ? timeIsUp(e) : failed(e, true);
    }
  }

  private int timeIsUp(Throwable failure) {
    console.out().flush();
    console.deadline().tell(console.deadline().text());
    console.trace(failure);
    return TimeLimit.EXIT_CODE;
  }

  private int failed(CommandFailure failure) {
    console.error(String.valueOf(failure.getMessage()));
    if (failure.hint() != null) {
      console.hint(failure.hint());
    }
    if (failure.afterword() != null) {
      console.error(failure.afterword());
    }
    if (failure.rest() != null) {
      console.rest(failure.rest());
    }
    console.trace(failure);
    return failure.exitCode();
  }

  private int failed(Throwable failure, boolean saying) {
    if (saying) {
      console.error(console.errorText().line(failure));
    }
    console.trace(failure);
    return failureExitCode;
  }

  private int dispatch(List<String> arguments) throws UsageException, CommandFailure, IOException {
    int next = 0;
    while (next < arguments.size() && arguments.get(next).startsWith("-")) {
      String option = arguments.get(next);
      switch (option) {
        case "-h", "--help" -> {
          GeneralHelp.print(console);
          return 0;
        }
        case "-V", "--version" -> {
          new VersionText(console).print(arguments.subList(next + 1, arguments.size()));
          return 0;
        }
        case "-v", "--verbose" -> beVerbose(option);
        // Tracing is QEMU's own; what it would trace is not here.
        case "-T", "--trace" -> next++;
        default -> next += limitTime(arguments.subList(next, arguments.size()));
      }
      next++;
    }
    if (next >= arguments.size()) {
      throw UsageException.wrongForm("Not enough arguments");
    }
    String name = arguments.get(next);
    List<String> rest = arguments.subList(next + 1, arguments.size());
    if (name.equals(CommandTable.BOXES) && console.personality() == Personality.QCOW4J) {
      noteWeakerFileAccess();
      return BoxCommands.run(console, rest);
    }
    Command command = CommandTable.find(name, console);
    if (command == null) {
      throw UsageException.wrongForm("Command not found: " + name);
    }
    noteWeakerFileAccess();
    return command.run(rest, this::beginImageCommand);
  }

  private void beVerbose(String option) throws UsageException {
    if (console.personality() == Personality.QEMU_IMG) {
      throw unrecognized(option);
    }
    console.beVerbose();
  }

  /**
   * Takes the one option that has a value, as one word or as two.
   *
   * @param words the option and what follows it
   * @return how many words more than one it was
   */
  private int limitTime(List<String> words) throws UsageException {
    String option = words.getFirst();
    boolean joined = option.startsWith(TimeLimit.OPTION + "=");
    if (console.personality() == Personality.QEMU_IMG
        || !(joined || option.equals(TimeLimit.OPTION))) {
      throw unrecognized(option);
    }
    if (!joined && words.size() == 1) {
      throw UsageException.wrongForm("missing argument for option '" + option + "'");
    }
    String value = joined ? option.substring(TimeLimit.OPTION.length() + 1) : words.get(1);
    console.deadline().set(TimeLimit.ofOption(value));
    return joined ? 0 : 1;
  }

  private static UsageException unrecognized(String option) {
    return UsageException.wrongForm("unrecognized option '" + option + "'");
  }

  private void beginImageCommand(int exitCodeOfFailure) throws CommandFailure {
    failureExitCode = exitCodeOfFailure;
    ImageEnvironment.requireUnderstood(console, failureExitCode);
    try {
      console.deadline().begin();
    } catch (UsageException e) {
      throw new CommandFailure(failureExitCode, String.valueOf(e.getMessage()));
    }
  }

  /** Everything works without the best way to the kernel, but not everything as fast. */
  private void noteWeakerFileAccess() {
    if (console.isVerbose()) {
      ProviderInfo provider = console.volume().provider();
      if (!provider.isFirstChoice()) {
        console.note("file access through " + provider.name() + ": " + provider.reason());
      }
    }
  }
}
