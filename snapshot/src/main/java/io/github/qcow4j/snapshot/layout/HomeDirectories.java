package io.github.qcow4j.snapshot.layout;

import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.snapshot.error.RefusedException;
import java.io.IOException;
import java.nio.file.Path;

/** What the directories of a home have to be for names to move between them. */
public final class HomeDirectories {

  private HomeDirectories() {}

  /**
   * Requires that all of them are directories on the home's own file system. Over a link, {@code
   * ../layers/NAME} would mean one thing to us and another to the kernel; between two file systems
   * nothing can be renamed, so that the first snapshot would fail in its middle.
   *
   * @throws RefusedException when one of them is a link, or somewhere else
   */
  public static void requireOneFileSystem(Volume volume, HomeLayout layout) throws IOException {
    long device = volume.linkStatus(layout.home()).identity().device();
    for (Path each : layout.directories()) {
      FileStatus status = volume.linkStatus(each);
      if (status.kind() != FileKind.DIRECTORY) {
        throw new RefusedException(
            "'%s' is not a directory of its own; to keep a home elsewhere, move all of it"
                .formatted(each));
      }
      if (status.identity().device() != device) {
        throw new RefusedException(
            "'%s' is on another file system than '%s'; both have to be on one"
                .formatted(each, layout.home()));
      }
    }
  }
}
