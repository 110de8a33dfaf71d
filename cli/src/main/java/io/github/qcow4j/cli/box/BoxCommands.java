package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.snapshot.error.BoxException.Kind;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** {@code qcow4j box}: from the arguments to the exit code. */
public final class BoxCommands {

  private static final int HELP_COLUMNS = 100;
  private static final String JSON = "--json";
  private static final String PICOCLI_PREFIX = "Error: ";

  /** In place of a {@link Kind}'s; the library knows of no deadline that is not its caller's. */
  private static final String TIMEOUT_CODE = "timeout";

  private final Session session;
  private final CommandLine line;

  private BoxCommands(Console console) {
    session = new Session(console);
    line =
        new CommandLine(session)
            .addSubcommand(new CreateBox(session))
            .addSubcommand(new ListBoxes(session))
            .addSubcommand(new ShowBox(session))
            .addSubcommand(new BoxPath(session))
            .addSubcommand(new RenameBox(session))
            .addSubcommand(new RemoveBoxes(session))
            .addSubcommand(run())
            .addSubcommand(
                new CommandLine(new SnapshotGroup())
                    .addSubcommand(new CreateSnapshot(session))
                    .addSubcommand(new ListSnapshots(session))
                    .addSubcommand(new SnapshotTree(session))
                    .addSubcommand(new ShowSnapshot(session))
                    .addSubcommand(new SnapshotPath(session))
                    .addSubcommand(new DiffSnapshots(session))
                    .addSubcommand(new RemoveSnapshots(session)))
            .addSubcommand(new RestoreBox(session))
            .addSubcommand(new CloneBox(session))
            .addSubcommand(new ExportBox(session))
            .addSubcommand(new ImportBox(session))
            .addSubcommand(new CollectGarbage(session))
            .addSubcommand(new CheckHome(session));
    line.setOut(writer(console.out()));
    line.setErr(writer(console.err()));
    line.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
    line.setUsageHelpWidth(HELP_COLUMNS);
    line.setExpandAtFiles(false);
    line.setParameterExceptionHandler(this::misused);
    line.setExecutionExceptionHandler((failure, command, parsed) -> failed(failure));
    line.setExecutionStrategy(BoxCommands::execute);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, stream.charset()), true);
  }

  /** What stands behind the box's name belongs to the user's command, options and all. */
  private CommandLine run() {
    return new CommandLine(new RunBox(session)).setStopAtPositional(true);
  }

  /**
   * Runs a command.
   *
   * @param console what surrounds the call
   * @param arguments what the user wrote behind {@code box}
   * @return the exit code
   */
  public static int run(Console console, List<String> arguments) {
    BoxCommands commands = new BoxCommands(console);
    CommandLine line = commands.line;
    // Help names the whole call; pages of the manual put the program's name before it themselves.
    line.setCommandName(console.personality().programName() + " " + line.getCommandName());
    int exitCode = line.execute(arguments.toArray(String[]::new));
    if (exitCode == 0 && commands.session.hasDone()) {
      console.onlyAnswerLeft();
    }
    return exitCode;
  }

  /**
   * All commands, as picocli knows them.
   *
   * @param console what surrounds the call
   */
  public static CommandSpec model(Console console) {
    return new BoxCommands(console).line.getCommandSpec();
  }

  /** A group by itself is no command. */
  private static int execute(ParseResult parsed) {
    ParseResult last = parsed;
    while (last.hasSubcommand()) {
      last = last.subcommand();
    }
    CommandLine called = last.commandSpec().commandLine();
    if (!called.getSubcommands().isEmpty() && !last.isUsageHelpRequested()) {
      throw new ParameterException(
          called,
          "which command? There are " + String.join(", ", called.getSubcommands().keySet()));
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  /** What could not be read to its end may still have asked for JSON. */
  private int misused(ParameterException failure, String[] arguments) {
    String name = failure.getCommandLine().getCommandSpec().qualifiedName();
    boolean json =
        session.isJson()
            || Arrays.stream(arguments)
                .takeWhile(each -> !each.equals("--"))
                .anyMatch(JSON::equals);
    return tell(Kind.USAGE, reason(failure) + "; '" + name + " --help' tells what it takes", json);
  }

  /** Where a group of options is missing, picocli begins as whoever prints it does. */
  private static String reason(ParameterException failure) {
    String reason = String.valueOf(failure.getMessage());
    return reason.startsWith(PICOCLI_PREFIX) ? reason.substring(PICOCLI_PREFIX.length()) : reason;
  }

  private int failed(Exception failure) {
    Console console = session.console();
    console.trace(failure);
    if (console.deadline().hasCaused(failure)) {
      return timeIsUp(failure);
    }
    // Who cancelled it knows; what was done before is news.
    if (failure instanceof JobCancelledException
        && console.isCancelled()
        && failure.getSuppressed().length == 0) {
      return Kind.FAILED.exitCode();
    }
    return tell(
        FailureCode.of(failure), FailureText.of(failure, console.errorText()), session.isJson());
  }

  private int timeIsUp(Throwable failure) {
    Console console = session.console();
    String line = oneLine(FailureText.followedByNotes(console.deadline().text(), failure));
    console.out().flush();
    console.deadline().tell(line);
    if (session.isJson() && !session.hasAnswered()) {
      print(TIMEOUT_CODE, line);
    }
    return TimeLimit.EXIT_CODE;
  }

  /** One line for people, and a document for programs that want one. */
  private int tell(Kind kind, String message, boolean asJson) {
    String line = oneLine(message);
    session.console().error(line);
    if (asJson) {
      print(kind.code(), line);
    }
    return kind.exitCode();
  }

  private static String oneLine(String message) {
    return ErrorText.oneLine(message.replaceAll("\\s*[\\r\\n]+\\s*", " "));
  }

  private void print(String code, String message) {
    JsonWriter json = new JsonWriter();
    json.object().key("error").object();
    json.member("code", code).member("message", message).end().end();
    session.console().out().print(json + "\n");
  }
}
