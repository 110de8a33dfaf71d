package io.github.qcow4j.snapshot.transfer;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.RenameMode;
import java.io.IOException;
import java.nio.file.Path;

/** How an export ends: the file that makes it one gets its name. */
public final class LastStep {

  private LastStep() {}

  /**
   * Publishes the file. When that cannot be made durable, what had no name before has none again.
   *
   * @param name what to call the export when it stays all the same
   * @throws UnsyncedExportException when it has its name, and may lose it in a power cut
   */
  public static void run(AtomicFile file, Path name, RenameMode mode) throws IOException {
    try {
      if (mode == RenameMode.NO_REPLACE) {
        file.publishRevocably(() -> mode);
      } else {
        file.publish(mode);
      }
    } catch (IOException e) {
      withdrawAfter(e, file);
      if (file.published()) {
        throw new UnsyncedExportException(name, e);
      }
      throw e;
    }
  }

  private static void withdrawAfter(IOException failure, AtomicFile file) {
    try {
      file.withdraw();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
