package io.github.qcow4j.nativeio.support;

import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Renames that replace nothing or exchange, for who cannot do them in one step. Any thread may
 * call.
 */
public final class StepwiseRename {

  private StepwiseRename() {}

  /**
   * Makes the new name only when it is free, and then the old one goes. Both stand for a moment,
   * but nothing is ever replaced. When it fails only the old one is left, as far as can be.
   *
   * @throws java.nio.file.FileAlreadyExistsException when there is something under the new name
   */
  public static void withoutReplacing(Volume volume, Path from, Path to) throws IOException {
    if (volume.linkStatus(from).kind() != FileKind.DIRECTORY) {
      volume.link(from, to);
      dropOldName(volume, from, to);
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

  private static void dropOldName(Volume volume, Path from, Path to) throws IOException {
    try {
      volume.unlink(from);
    } catch (IOException e) {
      try {
        volume.unlink(to);
      } catch (IOException other) {
        e.addSuppressed(other);
      }
      throw e;
    }
  }

  /** Exchanges two names by way of a third one; undone when a step fails. */
  public static void exchange(Volume volume, Path one, Path other) throws IOException {
    volume.linkStatus(other);
    Path aside = one.resolveSibling("." + Long.toHexString(System.nanoTime()) + ".qcow4j-tmp");
    withoutReplacing(volume, one, aside);
    try {
      withoutReplacing(volume, other, one);
    } catch (IOException e) {
      withoutReplacing(volume, aside, one);
      throw e;
    }
    try {
      withoutReplacing(volume, aside, other);
    } catch (IOException e) {
      withoutReplacing(volume, one, other);
      withoutReplacing(volume, aside, one);
      throw e;
    }
  }
}
