package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Directories of this virtual machine beside those of others, and what dead ones left there.
 *
 * <p>Who lives holds a lock on a file beside its directories. The number of its process would not
 * do: builds in containers of their own may share the temporary directory, and none sees the
 * processes of another.
 */
final class OwnedHomes {

  /** Ends what a machine left; may fail. */
  @FunctionalInterface
  interface Removal {
    void remove(Path home) throws IOException;
  }

  /** Ends the name of the file on which a machine holds its lock until its end. */
  static final String LOCK = ".home-owner";

  private final Path parent;
  private final String prefix;
  private final Path lockFile;

  /** Never closed: the lock lasts as long as the machine. */
  private final FileChannel held;

  private OwnedHomes(Path parent, String prefix, Path lockFile, FileChannel held) {
    this.parent = parent;
    this.prefix = prefix;
    this.lockFile = lockFile;
    this.held = held;
  }

  /** Removes what dead ones left in {@code parent}, and begins to own. */
  static OwnedHomes begin(Path parent, String prefix, Removal removal) throws IOException {
    for (Path lockFile : list(parent, prefix + "*" + LOCK)) {
      sweep(parent, lockFile, removal);
    }
    while (true) {
      Path lockFile = Files.createTempFile(parent, prefix, LOCK);
      FileChannel held = FileChannel.open(lockFile, StandardOpenOption.WRITE);
      held.lock();
      if (Files.exists(lockFile)) {
        return new OwnedHomes(parent, prefix, lockFile, held);
      }
      // Another one, sweeping, was quicker than the lock.
      held.close();
    }
  }

  private static void sweep(Path parent, Path lockFile, Removal removal) throws IOException {
    try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE)) {
      @Nullable FileLock lock = channel.tryLock();
      if (lock != null) {
        for (Path home : homes(parent, lockFile)) {
          removal.remove(home);
        }
        Files.deleteIfExists(lockFile);
      }
    } catch (NoSuchFileException e) {
      // Its owner, or another one's sweep, has just ended it.
      return;
    }
  }

  private static List<Path> homes(Path parent, Path lockFile) throws IOException {
    String name = lockFile.getFileName().toString();
    return list(parent, name.substring(0, name.length() - LOCK.length()) + "-*");
  }

  private static List<Path> list(Path parent, String pattern) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(parent, pattern)) {
      all.forEach(found::add);
    }
    return found;
  }

  /** A new directory, this machine's own. */
  Path newHome() throws IOException {
    String name = lockFile.getFileName().toString();
    return Files.createTempDirectory(
        parent, name.substring(0, name.length() - LOCK.length()) + "-");
  }

  /** Ends owning; what is left by then is for the next one to sweep. */
  void end() throws IOException {
    if (homes(parent, lockFile).isEmpty()) {
      Files.deleteIfExists(lockFile);
    }
    held.close();
  }

  @Override
  public String toString() {
    return prefix + " in " + parent;
  }
}
