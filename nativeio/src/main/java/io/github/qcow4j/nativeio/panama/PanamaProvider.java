package io.github.qcow4j.nativeio.panama;

import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.linux.LinuxProcesses;
import io.github.qcow4j.nativeio.linux.LinuxVolume;
import io.github.qcow4j.nativeio.support.RootCause;
import java.io.IOException;
import java.util.EnumSet;

/** The provider {@code panama}: Linux through the foreign linker. */
public final class PanamaProvider {

  /** The name to choose it by. */
  public static final String NAME = "panama";

  private PanamaProvider() {}

  /**
   * Links the calls and tries one.
   *
   * @throws IOException when it cannot be had here, with the reason
   */
  public static Volume open(String reason) throws IOException {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      throw new IOException("not Linux");
    }
    try {
      return LinuxVolume.over(
          new PanamaCalls(), new ProviderInfo(NAME, EnumSet.allOf(Capability.class), reason));
    } catch (IllegalCallerException | LinkageError | UnsupportedOperationException e) {
      throw new IOException(RootCause.message(e), e);
    }
  }

  /** The processes of this host; where {@link #open} works, this does. */
  public static Processes processes() {
    return new LinuxProcesses(new PanamaCalls());
  }
}
