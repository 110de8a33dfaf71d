package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.layout.Ids;
import io.github.qcow4j.snapshot.lease.Lease;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A directory for what comes in, until it is known to be sound. It is leased as long as somebody
 * works in it: one without a lease is what a dead process has left.
 *
 * <p>Others come to their end while it is looked round here: what is gone since it was listed is
 * not there.
 */
final class StagingArea implements Closeable {

  private final Home home;
  private final Path directory;
  private final Lease lease;

  private StagingArea(Home home, Path directory, Lease lease) {
    this.home = home;
    this.directory = directory;
    this.lease = lease;
  }

  /** A new one. */
  static StagingArea make(Home home) throws IOException {
    while (true) {
      String id = home.ids().next();
      Lease lease = home.leases().staging(id);
      if (lease != null) {
        try {
          Path directory = home.layout().staging().resolve(id);
          home.volume().createDirectory(directory);
          return new StagingArea(home, directory, lease);
        } catch (IOException | RuntimeException e) {
          try (lease) {
            throw e;
          }
        }
      }
    }
  }

  /** The names of all there are. */
  static List<String> names(Home home) throws IOException {
    Path staging = home.layout().staging();
    List<String> names = new ArrayList<>();
    for (String name : home.volume().list(staging)) {
      if (isArea(name, kind(home, staging.resolve(name)))) {
        names.add(name);
      }
    }
    return names;
  }

  private static boolean isArea(String name, @Nullable FileKind kind) {
    return Ids.isId(name) && kind == FileKind.DIRECTORY;
  }

  /** What stands there, or null for nothing any more. */
  private static @Nullable FileKind kind(Home home, Path entry) throws IOException {
    try {
      return home.volume().linkStatus(entry).kind();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /**
   * What is there beside those. Nothing here makes it: somebody put it there, perhaps to make a box
   * of it ({@link io.github.qcow4j.snapshot.model.DiskSource.Staged}).
   */
  static List<Path> strays(Home home) throws IOException {
    Path staging = home.layout().staging();
    List<Path> strays = new ArrayList<>();
    for (String name : home.volume().list(staging)) {
      FileKind kind = kind(home, staging.resolve(name));
      if (kind != null && !isArea(name, kind)) {
        strays.add(staging.resolve(name));
      }
    }
    return strays;
  }

  /**
   * One that a dead process has left, or null when somebody works in it, or did until just now and
   * has taken it away.
   */
  static @Nullable StagingArea abandoned(Home home, String name) throws IOException {
    Lease lease = home.leases().staging(name);
    if (lease == null) {
      return null;
    }
    try {
      Path directory = home.layout().staging().resolve(name);
      if (kind(home, directory) == FileKind.DIRECTORY) {
        return new StagingArea(home, directory, lease);
      }
      lease.close();
      return null;
    } catch (IOException | RuntimeException e) {
      try (lease) {
        throw e;
      }
    }
  }

  Path directory() {
    return directory;
  }

  Staging staging() {
    return new Staging(home.volume(), directory);
  }

  private List<Path> entries() throws IOException {
    try {
      return home.volume().list(directory).stream().map(directory::resolve).toList();
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  long allocatedBytes() throws IOException {
    long bytes = 0;
    for (Path entry : entries()) {
      bytes += LayerBytes.of(home, entry);
    }
    return bytes;
  }

  /** The first directory in it, which nothing here makes, or null. */
  @Nullable Path strayDirectory() throws IOException {
    for (Path entry : entries()) {
      if (kind(home, entry) == FileKind.DIRECTORY) {
        return entry;
      }
    }
    return null;
  }

  /** Requires that nothing is in it but files. */
  void requireFilesAlone() throws IOException {
    Path stray = strayDirectory();
    if (stray != null) {
      throw new WrongStateException(
          "'"
              + home.layout().home().relativize(stray)
              + "' is a directory, which nothing here makes");
    }
  }

  /** Removes it with all files that are in it; should they be back, the next collection does. */
  void clear() throws IOException {
    requireFilesAlone();
    for (Path entry : entries()) {
      try {
        home.volume().unlink(entry);
      } catch (NoSuchFileException e) {
        // Whoever was to take it away did.
      }
    }
    try {
      home.volume().removeDirectory(directory);
    } catch (NoSuchFileException e) {
      // The same.
    }
    Orphans.syncQuietly(home.volume(), home.layout().staging());
  }

  /** The same; what cannot be removed now does no harm, and the next collection finds it. */
  void clearQuietly() {
    try {
      clear();
    } catch (IOException e) {
      // Whether the operation went well or not, that alone is told.
    }
  }

  /** Gives it back. What is left in it belongs to nobody then, and the next collection takes it. */
  @Override
  public void close() {
    lease.close();
  }
}
