package io.github.qcow4j.qcow2.lock;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.nio.file.Path;

/** What an image can stand in, and the locks are for: a regular file or a block device. */
public final class DiskFile {

  private DiskFile() {}

  /**
   * Opens a file as an image. A pipe or a character device is not opened to find out that it is
   * one: that alone rewinds a tape, arms a watchdog, makes a terminal, or wakes who waits in the
   * pipe.
   *
   * @throws IOException when it cannot be opened, or is no disk
   */
  public static BlockFile open(Volume volume, Path path, OpenOptions options) throws IOException {
    FileKind kind = volume.status(path).kind();
    if (kind == FileKind.CHARACTER_DEVICE || kind == FileKind.FIFO) {
      throw noDisk(path);
    }
    BlockFile file = volume.open(path, options);
    // By now the name may stand for something else.
    if (isDisk(file)) {
      return file;
    }
    try (file) {
      throw noDisk(path);
    }
  }

  /** Whether an open file is one. */
  public static boolean isDisk(BlockFile file) {
    return file.kind() == FileKind.REGULAR || file.kind() == FileKind.BLOCK_DEVICE;
  }

  private static SystemCallException noDisk(Path path) {
    return new SystemCallException(
        "open", 0, path.toString(), "'file' driver requires '" + path + "' to be a regular file");
  }
}
