package io.github.qcow4j.cli.console;

import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionScanner;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import java.io.IOException;
import java.util.List;

/**
 * One command of the program: it is told its options one by one as they are met, then its operands.
 * Used once.
 */
public abstract class Command {

  /** Shows the command's help. */
  public static final Option HELP = Option.flag('h', "help", "show this help and exit");

  private final Console console;
  private final Description description;

  /**
   * What help says of a command.
   *
   * @param name its name
   * @param operands what follows the options, for example {@code FILE}
   * @param summary what it does, in one sentence
   * @param options the options it has, help aside
   */
  public record Description(String name, String operands, String summary, OptionTable options) {}

  /**
   * @param console what surrounds the call
   * @param description what help says of it
   */
  protected Command(Console console, Description description) {
    this.console = console;
    this.description = description;
  }

  /** What must hold before any work begins. */
  @FunctionalInterface
  public interface Precondition {

    /**
     * Refuses to go on.
     *
     * @param failureExitCode what the program ends with then
     */
    void require(int failureExitCode) throws CommandFailure;
  }

  /**
   * Runs the command.
   *
   * @param arguments what the user wrote behind its name
   * @param beforehand asked once the options are known, and not for help
   * @return the exit code
   * @throws UsageException when the arguments make no sense
   * @throws CommandFailure when it cannot go on
   * @throws IOException when something fails that the command has no words for
   */
  public final int run(List<String> arguments, Precondition beforehand)
      throws UsageException, CommandFailure, IOException {
    OptionTable options = description.options().with(HELP);
    OptionScanner scanner = new OptionScanner(options, scanned(arguments));
    for (Option option = scanner.next(); option != null; option = scanner.next()) {
      if (option.name().equals(HELP.name())) {
        HelpPage.print(console, description, options);
        return 0;
      }
      accept(option.name(), option.takesValue() ? scanner.value() : "");
    }
    beforehand.require(failureExitCode());
    return execute(scanner.operands());
  }

  /**
   * The arguments among which options are looked for.
   *
   * @param arguments what the user wrote behind the command's name
   */
  protected List<String> scanned(List<String> arguments) throws UsageException {
    return arguments;
  }

  /** What help says of it, with the option that asks for help. */
  public final Description description() {
    return new Description(
        description.name(),
        description.operands(),
        description.summary(),
        description.options().with(HELP));
  }

  /** What the program ends with when an image cannot be opened. */
  protected int failureExitCode() {
    return 1;
  }

  /** What surrounds the call. */
  protected final Console console() {
    return console;
  }

  /**
   * Takes an option.
   *
   * @param option its long name
   * @param value its value, empty for one that takes none
   */
  protected abstract void accept(String option, String value) throws UsageException, CommandFailure;

  /** Does the work, once all options are known. */
  protected abstract int execute(List<String> operands)
      throws UsageException, CommandFailure, IOException;
}
