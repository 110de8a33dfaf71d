package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;

/**
 * A file made longer for a larger disk, which gets its old length back when the larger disk does
 * not come about: a full disk is not to stay full of a part that nobody shows.
 *
 * @param file the file, longer than before
 * @param oldBytes its length before
 */
record LongerFile(BlockFile file, long oldBytes) {

  /** What the longer file is for. */
  @FunctionalInterface
  interface Purpose {
    void run() throws IOException;
  }

  /** Makes a file longer, durably; the new part reads as zeros and takes no storage. */
  static LongerFile of(BlockFile file, long newBytes) throws IOException {
    LongerFile longer = new LongerFile(file, file.size());
    longer.orShortAgain(() -> {
      file.truncate(newBytes);
      file.syncAll();
    });
    return longer;
  }

  /** Runs, and takes the new part away should that fail. */
  void orShortAgain(Purpose purpose) throws IOException {
    try {
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
