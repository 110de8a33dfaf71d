package io.github.qcow4j.cli.packaged;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The self-contained folder, and programs run as its users run them. */
final class PackagedFolder {

  static final Path FOLDER = Path.of("target/qcow4j").toAbsolutePath();

  private PackagedFolder() {}

  /** What a program said and how it ended. */
  record Outcome(int exitCode, String output, String error) {}

  /** Skips what called it, visibly, when the folder is not built; where CI is true, fails it. */
  static void require() {
    boolean built = Files.isExecutable(FOLDER.resolve("bin/qcow4j"));
    if ("true".equals(System.getenv("CI"))) {
      assertThat(built).as("%s is built", FOLDER).isTrue();
    }
    assumeTrue(built, () -> FOLDER + " is not built: mvn package makes it");
  }

  /**
   * Runs a program.
   *
   * @param directory where it runs, and where its output is kept
   */
  static Outcome run(
      Path directory, Map<String, String> environment, Path program, String... arguments)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile(directory, "output", ".txt");
    Path error = Files.createTempFile(directory, "error", ".txt");
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().putAll(environment);
    int exitCode =
        builder.redirectOutput(output.toFile()).redirectError(error.toFile()).start().waitFor();
    return new Outcome(exitCode, Files.readString(output), Files.readString(error));
  }

  /** Copies the folder as {@code cp -r} does: permissions stay, times do not. */
  static void copyTo(Path target) throws IOException {
    Files.walkFileTree(
        FOLDER,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path each, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(target.resolve(FOLDER.relativize(each)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path each, BasicFileAttributes attributes)
              throws IOException {
            Path copy = target.resolve(FOLDER.relativize(each));
            Files.copy(each, copy, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isRegularFile()) {
              Files.setPosixFilePermissions(copy, Files.getPosixFilePermissions(each));
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Takes everybody's right to write away from a folder and all in it. */
  static void makeReadOnly(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult postVisitDirectory(Path each, IOException failure)
              throws IOException {
            Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("r-xr-xr-x"));
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Bytes of all its files. */
  static long sizeBytes() throws IOException {
    try (var files = Files.walk(FOLDER)) {
      return files
          .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
          .mapToLong(file -> file.toFile().length())
          .sum();
    }
  }
}
