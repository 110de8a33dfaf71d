package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;

/** Makes what a home consists of before anything is in it. */
final class NewHome {

  private NewHome() {}

  /**
   * Makes the directories of a home that are missing; for nobody but their owner, as long as that
   * one does not decide otherwise.
   */
  static HomeLayout prepare(Volume volume, Path directory) throws IOException {
    if (makeDirectories(volume, directory.toAbsolutePath())) {
      volume.setPermissions(directory, HomeLayout.PRIVATE_DIRECTORY);
    }
    HomeLayout layout = new HomeLayout(volume.realPath(directory));
    for (Path each : layout.directories()) {
      if (makeDirectories(volume, each)) {
        volume.setPermissions(each, HomeLayout.PRIVATE_DIRECTORY);
      }
    }
    makePrivate(volume, layout.locks());
    for (Path each : layout.directories()) {
      volume.syncDirectory(each);
    }
    volume.syncDirectory(layout.home());
    return layout;
  }

  /** An empty file, when there is none; SQLite gives the files beside its own the same bits. */
  static void makePrivate(Volume volume, Path file) throws IOException {
    if (!volume.exists(file)) {
      volume.open(file, OpenOptions.creatingIfMissing()).close();
      volume.setPermissions(file, HomeLayout.PRIVATE_FILE);
    }
  }

  /** Whether it was made. */
  private static boolean makeDirectories(Volume volume, Path directory) throws IOException {
    if (volume.exists(directory)) {
      return false;
    }
    Path parent = directory.getParent();
    if (parent != null) {
      boolean _ = makeDirectories(volume, parent);
    }
    boolean made = true;
    try {
      volume.createDirectory(directory);
    } catch (FileAlreadyExistsException e) {
      // Another process makes the same home.
      made = false;
    }
    if (parent != null) {
      volume.syncDirectory(parent);
    }
    return made;
  }
}
