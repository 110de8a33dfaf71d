package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;

/**
 * Makes a file longer for a larger disk, and gives it its old length back when the larger disk does
 * not come about: a full disk is not to stay full of a part that nobody shows.
 */
final class LongerFile {

  private LongerFile() {}

  /** What a longer file is for. */
  @FunctionalInterface
  interface Purpose {
    void run() throws IOException;
  }

  /**
   * Makes a file longer, the new part zeros without storage, and runs what that is for. Not durable
   * by itself; the old length, should that fail, is.
   */
  static void during(BlockFile file, long newBytes, Purpose purpose) throws IOException {
    long oldBytes = file.size();
    try {
      file.truncate(newBytes);
      purpose.run();
    } catch (IOException | RuntimeException e) {
      try {
        file.truncate(oldBytes);
        file.syncAll();
      } catch (IOException second) {
        e.addSuppressed(second);
      }
      throw e;
    }
  }
}
