package io.github.qcow4j.benchmarks.material;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A file of results in parts, each of which begins with a heading of the first level and is written
 * by a run of its own.
 */
public final class ResultsFile {

  private ResultsFile() {}

  /** Puts the part in the place of the one with the same heading, or at the end. */
  public static void replace(Path file, List<String> part) throws IOException {
    List<String> lines = new ArrayList<>();
    boolean replaced = false;
    boolean skipping = false;
    for (String line : present(file)) {
      if (line.startsWith("# ")) {
        skipping = line.equals(part.getFirst());
        if (skipping) {
          lines.addAll(part);
          lines.add("");
          replaced = true;
        }
      }
      if (!skipping) {
        lines.add(line);
      }
    }
    if (!replaced) {
      if (!lines.isEmpty() && !lines.getLast().isEmpty()) {
        lines.add("");
      }
      lines.addAll(part);
    }
    while (lines.getLast().isEmpty()) {
      lines.removeLast();
    }
    Files.write(file, lines);
  }

  private static List<String> present(Path file) throws IOException {
    try {
      return Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }
}
