package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A directory that is deleted when the JVM ends. {@code -Dqcow4j.scratch} names another parent than
 * the temporary directory.
 */
final class ScratchDirectory {

  private ScratchDirectory() {}

  static Path create(String prefix) {
    try {
      @Nullable String parent = System.getProperty("qcow4j.scratch");
      Path directory =
          parent == null
              ? Files.createTempDirectory(prefix)
              : Files.createTempDirectory(Files.createDirectories(Path.of(parent)), prefix);
      Path real = directory.toRealPath();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(real)));
      return real;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make a scratch directory", e);
    }
  }

  /** Deletes {@code directory} with everything in it, as far as possible. */
  static void delete(Path directory) {
    try (Stream<Path> paths = Files.walk(directory)) {
      paths.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    } catch (IOException | UncheckedIOException e) {
      System.err.println("left behind: " + directory + ": " + e);
    }
  }
}
