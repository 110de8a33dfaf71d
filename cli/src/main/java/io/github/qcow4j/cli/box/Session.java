package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.ReferenceChoice;
import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** One call of {@code qcow4j box}: what all its commands take, and how they answer. */
@Command(
    name = "box",
    synopsisSubcommandLabel = "COMMAND",
    description = "Boxes: named sets of disks with snapshots, clones, export and import.")
final class Session {

  private final Console console;
  private boolean answered;
  private boolean done;

  @Option(
      names = "--home",
      paramLabel = "DIR",
      scope = ScopeType.INHERIT,
      description =
          "where the boxes are; else $QCOW4J_HOME, else $XDG_DATA_HOME/qcow4j, else"
              + " ~/.local/share/qcow4j")
  private @Nullable String home;

  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      description = "answer with one JSON document")
  private boolean json;

  @Option(
      names = "--references",
      paramLabel = "HOW",
      scope = ScopeType.INHERIT,
      description =
          "what images outside the home may lead to: deny, same-dir, under=DIR or allow; same-dir"
              + " if not given")
  private @Nullable String references;

  @Option(
      names = "--max-chain",
      paramLabel = "N",
      scope = ScopeType.INHERIT,
      description =
          "how many images may lie on each other below a live disk before a snapshot or clone"
              + " shortens its chain, 2 and more; 64 if not given")
  private int maxChain = HomeOptions.DEFAULT_MAX_CHAIN_LAYERS;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "show this help and exit")
  @SuppressWarnings("unused") // picocli acts on it
  private boolean help;

  Session(Console console) {
    this.console = console;
  }

  Console console() {
    return console;
  }

  /** Whether answers are JSON. */
  boolean isJson() {
    return json;
  }

  /** Opens the home. */
  BoxHome open(String command) throws IOException {
    if (maxChain < 2) {
      throw new InvalidRequestException("--max-chain takes 2 or more: " + maxChain);
    }
    return BoxHome.open(
        HomeOptions.of(directory())
            .withCommand("qcow4j box " + command)
            .withExternals(externals())
            .withMaxChainLayers(maxChain)
            .withNotices(console::error),
        console.volume());
  }

  private ReferencePolicy externals() throws InvalidRequestException {
    try {
      String environment = set(ReferenceChoice.VARIABLE);
      ReferencePolicy policy =
          ReferenceChoice.of(ReferencePolicy.sameDirectory(), references, environment);
      return new AdvisedReferences(policy, environment != null);
    } catch (UsageException e) {
      throw invalid(e);
    }
  }

  private static InvalidRequestException invalid(UsageException misuse) {
    InvalidRequestException invalid =
        new InvalidRequestException(String.valueOf(misuse.getMessage()));
    invalid.initCause(misuse);
    return invalid;
  }

  /** Begins to count the time, if it is limited. */
  void beginDeadline() throws InvalidRequestException {
    try {
      console.deadline().begin();
    } catch (UsageException e) {
      throw invalid(e);
    }
  }

  /** A job that a signal stops. */
  JobControl startJob() {
    return console.startJob((done, total) -> {});
  }

  /** Whether there was an answer already. */
  boolean hasAnswered() {
    return answered;
  }

  /** Whether the answer was to something that is done, and stands without it. */
  boolean hasDone() {
    return done;
  }

  /** Answers, in the form that is wanted, what has been done. */
  void answer(String text, Consumer<JsonWriter> members) {
    done = true;
    show(text, members);
  }

  /** Answers, in the form that is wanted, what was only looked up. */
  void show(String text, Consumer<JsonWriter> members) {
    answered = true;
    if (json) {
      JsonWriter document = new JsonWriter();
      document.object();
      members.accept(document);
      console.out().print(document.end() + "\n");
    } else {
      console.out().print(text);
    }
  }

  private Path directory() throws InvalidRequestException {
    String given = home;
    if (given == null) {
      given = set("QCOW4J_HOME");
    }
    if (given != null) {
      return path(given);
    }
    String data = set("XDG_DATA_HOME");
    // The XDG Base Directory Specification tells to ignore relative ones.
    if (data != null && path(data).isAbsolute()) {
      return path(data).resolve("qcow4j");
    }
    String user = set("HOME");
    if (user == null) {
      throw new InvalidRequestException(
          "there is no home directory to keep boxes in; name one with --home or QCOW4J_HOME");
    }
    return path(user).resolve(".local/share/qcow4j");
  }

  private @Nullable String set(String variable) {
    String value = console.environment(variable);
    return value == null || value.isEmpty() ? null : value;
  }

  /** A size as the user writes it. */
  static long bytes(String size) throws InvalidRequestException {
    try {
      return SizeText.parse("size", size);
    } catch (UsageException e) {
      InvalidRequestException invalid = new InvalidRequestException("'" + size + "' is not a size");
      invalid.initCause(e);
      throw invalid;
    }
  }

  /** How large what comes in may be. */
  static IntakeLimits limits(@Nullable String maxSize) throws InvalidRequestException {
    return maxSize == null ? IntakeLimits.DEFAULT : new IntakeLimits(bytes(maxSize));
  }

  /** A file as the user names it, which no directory can be. */
  static Path file(String name) throws InvalidRequestException {
    if (StoredName.isOfDirectory(name)) {
      throw new InvalidRequestException("'" + name + "' is a directory's name");
    }
    return path(name);
  }

  /** A file or a directory as the user names it. */
  static Path path(String name) throws InvalidRequestException {
    if (name.isEmpty()) {
      // To the system that is the working directory, which nobody means who writes nothing.
      throw new InvalidRequestException("'' is not a file name");
    }
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      InvalidRequestException invalid =
          new InvalidRequestException("'" + name + "' is not a file name: " + e.getReason());
      invalid.initCause(e);
      throw invalid;
    }
  }
}
