package io.github.qcow4j.snapshot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/** Where an operation is to be halted at its Nth step, counted from 1. */
record HaltedHome(HaltedWork work, int step) {

  static HaltedHome named(String name) {
    int dot = name.indexOf('.');
    return new HaltedHome(
        HaltedWork.valueOf(name.substring(0, dot)), Integer.parseInt(name.substring(dot + 1)));
  }

  /** Its directory's. */
  String name() {
    return work + "." + step;
  }

  /** Makes a directory with a home like another. */
  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> found = Files.walk(from)) {
      for (Path path : found.toList()) {
        Path copy = to.resolve(from.relativize(path).toString());
        // Hundreds of copies need no room for hard times.
        if (!path.endsWith("catalogue.reserve")) {
          Files.copy(path, copy, StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }
}
