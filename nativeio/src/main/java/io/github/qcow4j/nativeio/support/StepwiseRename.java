package io.github.qcow4j.nativeio.support;

import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.nio.file.Path;

/** A rename that replaces nothing, for who cannot do it in one step. Any thread may call. */
public final class StepwiseRename {

  private StepwiseRename() {}

  /**
   * Makes the new name only when it is free, and then the old one goes. Both stand for a moment,
   * but nothing is ever replaced.
   *
   * @throws java.nio.file.FileAlreadyExistsException when there is something under the new name
   */
  public static void withoutReplacing(Volume volume, Path from, Path to) throws IOException {
    if (volume.linkStatus(from).kind() != FileKind.DIRECTORY) {
      volume.link(from, to);
      volume.unlink(from);
      return;
    }
    volume.createDirectory(to);
    boolean renamed = false;
    try {
      // Replaces an empty directory, which is the one just made, and nothing else.
      volume.rename(from, to, RenameMode.REPLACE);
      renamed = true;
    } finally {
      if (!renamed) {
        volume.removeDirectory(to);
      }
    }
  }
}
