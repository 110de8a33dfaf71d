package io.github.qcow4j.benchmarks.material;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program to be run, of the PATH mostly. */
public final class Program {

  private final Path file;

  private Program(Path file) {
    this.file = file;
  }

  /**
   * Looks a program up.
   *
   * @throws IllegalStateException when it is not there, with what to install
   */
  public static Program require(String name) {
    for (String directory : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      Path file = Path.of(directory, name);
      if (Files.isExecutable(file)) {
        return new Program(file);
      }
    }
    throw new IllegalStateException(
        name + " is not in the PATH; what the measurements need stands in README.md, \"Speed\"");
  }

  /** The program in this file. */
  public static Program at(Path file) {
    return new Program(file);
  }

  /** Where it is. */
  public Path file() {
    return file;
  }

  /**
   * Runs it to its end.
   *
   * @return what it printed, on both outputs
   * @throws IOException when it fails, with what it printed
   */
  public String run(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(file.toString());
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command) + ": " + output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    return output;
  }
}
