package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.ReferenceChoice;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;

/**
 * What the environment says to all image commands. A word there that is not understood was meant to
 * forbid something; so no command goes on with it, whether it would have followed a name or not.
 */
public final class ImageEnvironment {

  private ImageEnvironment() {}

  /**
   * Refuses an environment that is not understood.
   *
   * @param console what surrounds the call
   * @param failureExitCode what the program ends with then
   */
  public static void requireUnderstood(Console console, int failureExitCode) throws CommandFailure {
    try {
      var _ =
          ReferenceChoice.of(
              ReferencePolicy.deny(), null, console.environment(ReferenceChoice.VARIABLE));
    } catch (UsageException e) {
      throw new CommandFailure(failureExitCode, String.valueOf(e.getMessage()));
    }
  }
}
