package io.github.qcow4j.cli.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipInputStream;

/**
 * What searches found: inputs that once failed, each a file with a name that says how, and one
 * archive of those that came to new code. A search begins with them, and every build repeats them.
 */
final class FoundInputs {

  private static final Path RESOURCES = Path.of("src/test/resources/fuzz");

  private FoundInputs() {}

  static List<byte[]> of(FuzzTarget target) throws IOException {
    List<byte[]> inputs = new ArrayList<>();
    Path folder = RESOURCES.resolve(target.name());
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.sorted().toList()) {
          inputs.add(Files.readAllBytes(file));
        }
      }
    }
    Path archive = RESOURCES.resolve(target.name() + ".zip");
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(archive))) {
      while (zip.getNextEntry() != null) {
        inputs.add(zip.readAllBytes());
      }
    }
    return inputs;
  }
}
