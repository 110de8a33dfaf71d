package io.github.qcow4j.cli.option;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.chain.Reference;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Which files an image may lead to, as {@code --references} and the environment say it. The
 * environment can only take away from what the option, or the command's habit, allows.
 */
public final class ReferenceChoice {

  /** The environment variable. */
  public static final String VARIABLE = "QCOW4J_REFERENCES";

  private ReferenceChoice() {}

  /**
   * The policy.
   *
   * @param otherwise what is allowed when nothing is said
   * @param option the value of the option, or null when it is not given
   * @param environment the value of the variable, or null when it is not set
   */
  public static ReferencePolicy of(
      ReferencePolicy otherwise, @Nullable String option, @Nullable String environment)
      throws UsageException {
    ReferencePolicy wanted = option == null ? otherwise : policy("--references", option);
    return environment == null || environment.isEmpty()
        ? wanted
        : both(wanted, policy(VARIABLE, environment));
  }

  /**
   * The policy, but for the one backing file that the user names himself.
   *
   * @param policy what holds for all that images name
   * @param image the image for which it is named
   * @param backing its name
   */
  public static ReferencePolicy admittingNamed(ReferencePolicy policy, Path image, String backing) {
    return new ReferencePolicy() {
      @Override
      public Path admit(Reference reference, Volume volume) throws IOException {
        boolean named =
            reference.namingImage().equals(image) && reference.storedName().equals(backing);
        return named ? reference.resolved() : policy.admit(reference, volume);
      }

      @Override
      public boolean mayProbeFormat() {
        return policy.mayProbeFormat();
      }
    };
  }

  private static ReferencePolicy policy(String source, String text) throws UsageException {
    return switch (text) {
      case "deny" -> ReferencePolicy.deny();
      case "same-dir" -> ReferencePolicy.sameDirectory();
      case "allow" -> ReferencePolicy.allow();
      default -> {
        if (text.startsWith("under=") && text.length() > "under=".length()) {
          yield ReferencePolicy.under(Path.of(text.substring("under=".length())));
        }
        throw UsageException.wrongValue(
            source + " must be deny, same-dir, under=DIR or allow, not '" + text + "'");
      }
    };
  }

  private static ReferencePolicy both(ReferencePolicy first, ReferencePolicy second) {
    return new ReferencePolicy() {
      @Override
      public Path admit(Reference reference, Volume volume) throws IOException {
        // The second decides about the very name that the first admitted.
        Path admitted = first.admit(reference, volume);
        Reference narrowed =
            new Reference(
                reference.role(),
                reference.namingImage(),
                reference.storedName(),
                admitted,
                reference.storedFormat());
        return second.admit(narrowed, volume);
      }

      @Override
      public boolean mayProbeFormat() {
        return first.mayProbeFormat() && second.mayProbeFormat();
      }
    };
  }
}
