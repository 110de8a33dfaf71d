package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Directories below the temporary directory, or below the one that {@code -Dqcow4j.scratch} names.
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
      return directory.toRealPath();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make a scratch directory", e);
    }
  }

  /** Deletes {@code directory} when the JVM ends, after {@code writers} have stopped. */
  static void deleteAtExit(Path directory, Ahead<?, ?> writers) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              writers.stop();
              delete(directory);
            }));
  }

  /** Deletes {@code directory}, if it exists, with everything in it. */
  static void deleteIfThere(Path directory) {
    if (Files.exists(directory)) {
      delete(directory);
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
