package io.github.qcow4j.nativeio;

import io.github.qcow4j.nativeio.jnr.JnrProvider;
import io.github.qcow4j.nativeio.panama.PanamaProvider;
import io.github.qcow4j.nativeio.portable.PortableProcesses;
import io.github.qcow4j.nativeio.portable.PortableVolume;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The volumes of this host: one tree of names, several ways to the kernel. Any thread may ask.
 *
 * <p>The first way that works is taken, {@code panama} before {@code jnr} before {@code portable};
 * the system property {@value #PROPERTY} names another. {@link ProviderInfo#reason()} says why it
 * was not the first.
 */
public final class Volumes {

  /**
   * The system property that chooses the provider: {@code panama}, {@code jnr}, {@code portable}.
   */
  public static final String PROPERTY = "qcow4j.nativeio";

  static final String FIRST_CHOICE = PanamaProvider.NAME;

  /** The best first. */
  private static final List<Provider> PROVIDERS =
      List.of(
          new Provider(PanamaProvider.NAME, PanamaProvider::open, PanamaProvider::processes),
          new Provider(JnrProvider.NAME, JnrProvider::open, JnrProvider::processes),
          new Provider(PortableVolume.NAME, PortableVolume::new, PortableProcesses::new));

  /** Why a provider does not work in this process, by its name. */
  private static final Map<String, String> REFUSALS = new ConcurrentHashMap<>();

  private static volatile @Nullable Volume host;

  private Volumes() {}

  /**
   * The host's file system through the provider of this process, chosen at the first call.
   *
   * @throws UnavailableProviderException when {@value #PROPERTY} names a provider that there is
   *     not, or one that does not work here
   */
  public static Volume host() {
    Volume chosen = host;
    return chosen != null ? chosen : chooseOnce();
  }

  private static synchronized Volume chooseOnce() {
    Volume chosen = host;
    if (chosen == null) {
      chosen = choose(System.getProperty(PROPERTY));
      host = chosen;
    }
    return chosen;
  }

  /**
   * The processes of the host that a volume is of, through the provider of that volume.
   *
   * @throws IllegalArgumentException for a volume that is not the host's, a simulated one for
   *     example
   */
  public static Processes processes(Volume volume) {
    String name = volume.provider().name();
    for (Provider provider : PROVIDERS) {
      if (provider.name().equals(name)) {
        return provider.processes().get();
      }
    }
    throw new IllegalArgumentException("a volume that is " + name + " has no processes");
  }

  /**
   * A volume through every provider that works here, the best first; for tests and reports. A
   * program uses one: with {@code portable}, the locks on a file are lost when it is closed through
   * another.
   */
  public static List<Volume> providers() {
    List<Volume> working = new ArrayList<>();
    for (Provider provider : PROVIDERS) {
      try {
        working.add(provider.open("works here"));
      } catch (IOException e) {
        // Does not work here; host() tells why in its reason.
      }
    }
    return working;
  }

  /**
   * The same files and names, but every sync of them returns at once and makes nothing durable, as
   * if the machine could not fail. For work that is worth nothing before it is complete, and whose
   * owner would rather repeat it than wait: until the kernel has stored it by itself, a power cut
   * loses any part of it, whatever its name says.
   *
   * @param volume where the files are; files of both may be handed to either one's methods as
   *     sources
   */
  public static Volume unsynced(Volume volume) {
    return new UnsyncedVolume(volume);
  }

  /** Every provider, the best first, and whether it works here; tries them all. */
  public static List<ProviderTrial> trials() {
    List<ProviderTrial> trials = new ArrayList<>();
    for (Provider provider : PROVIDERS) {
      try {
        provider.open("works here");
        trials.add(new ProviderTrial(provider.name(), null));
      } catch (IOException e) {
        trials.add(new ProviderTrial(provider.name(), e.getMessage()));
      }
    }
    return trials;
  }

  static Volume choose(@Nullable String wanted) {
    return wanted == null || wanted.isEmpty() ? chooseBest() : chooseNamed(wanted);
  }

  private static Volume chooseBest() {
    List<String> refusals = new ArrayList<>();
    for (Provider provider : PROVIDERS) {
      String reason =
          refusals.isEmpty() ? "the first choice, and it works here" : String.join("; ", refusals);
      try {
        return provider.open(reason);
      } catch (IOException e) {
        refusals.add(provider.name() + " does not work here: " + e.getMessage());
      }
    }
    throw new IllegalStateException(String.join("; ", refusals));
  }

  private static Volume chooseNamed(String wanted) {
    String chosenBy = PROPERTY + "=" + wanted;
    List<String> names = new ArrayList<>();
    for (Provider provider : PROVIDERS) {
      if (provider.name().equals(wanted)) {
        try {
          return provider.open(chosenBy);
        } catch (IOException e) {
          throw new UnavailableProviderException(
              chosenBy + ": does not work here: " + e.getMessage());
        }
      }
      names.add(provider.name());
    }
    throw new UnavailableProviderException(
        chosenBy + ": no such provider; there are " + String.join(", ", names));
  }

  private record Provider(String name, Opening opening, Supplier<Processes> processes) {

    /** Tries it; what failed once is not tried again, as it would then fail of having failed. */
    Volume open(String reason) throws IOException {
      String refusal = REFUSALS.get(name);
      if (refusal != null) {
        throw new IOException(refusal);
      }
      try {
        return opening.open(reason);
      } catch (IOException e) {
        REFUSALS.put(name, String.valueOf(e.getMessage()));
        throw e;
      }
    }
  }

  /** How a provider is begun; the argument says why it is. */
  @FunctionalInterface
  private interface Opening {
    Volume open(String reason) throws IOException;
  }
}
