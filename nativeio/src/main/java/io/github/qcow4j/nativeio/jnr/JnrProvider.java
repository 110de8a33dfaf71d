package io.github.qcow4j.nativeio.jnr;

import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.linux.LinuxProcesses;
import io.github.qcow4j.nativeio.linux.LinuxVolume;
import io.github.qcow4j.nativeio.support.RootCause;
import java.io.IOException;
import java.util.EnumSet;

/** The provider {@code jnr}: Linux through jnr-ffi, where that is on the class or module path. */
public final class JnrProvider {

  /** The name to choose it by. */
  public static final String NAME = "jnr";

  private static final String ENTRY_CLASS = "jnr.ffi.LibraryLoader";

  /** What jnr-ffi says before the cause of a failure, which it gives as text. */
  private static final String CAUSE_FOLLOWS = "original error message follows: ";

  private JnrProvider() {}

  /**
   * Loads jnr-ffi and tries a call.
   *
   * @throws IOException when it cannot be had here, with the reason
   */
  public static Volume open(String reason) throws IOException {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      throw new IOException("not Linux");
    }
    requirePresent();
    try {
      return LinuxVolume.over(
          new JnrCalls(), new ProviderInfo(NAME, EnumSet.allOf(Capability.class), reason));
    } catch (LinkageError | RuntimeException e) {
      // jnr-ffi wraps what it meets in exceptions of many kinds.
      throw new IOException(withoutPrefix(RootCause.message(e)), e);
    }
  }

  /** The processes of this host; where {@link #open} works, this does. */
  public static Processes processes() {
    return new LinuxProcesses(new JnrCalls());
  }

  private static String withoutPrefix(String message) {
    int cause = message.indexOf(CAUSE_FOLLOWS);
    return cause < 0 ? message : message.substring(cause + CAUSE_FOLLOWS.length());
  }

  private static void requirePresent() throws IOException {
    try {
      Class.forName(ENTRY_CLASS, false, JnrProvider.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IOException("jnr-ffi, an optional library, is not there", e);
    }
  }
}
