package io.github.qcow4j.cli.packaged;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The packaged program in a process whose memory is measured, all of it: heap, buffers beside it,
 * the libraries and the runtime.
 */
final class MeasuredProgram {

  /** No command's exit code. */
  private static final int ENDED = 137;

  /** An image can make a command talk for ever. */
  private static final int MOST_KEPT_BYTES = 1 << 16;

  private final Path directory;

  /** By each of its names, in a directory where its logs are kept. */
  MeasuredProgram(Path directory) throws IOException {
    this.directory = directory;
    for (String name : List.of("qcow4j", "qemu-img")) {
      Path _ =
          Files.createSymbolicLink(
              directory.resolve(name), PackagedFolder.FOLDER.resolve("bin/qcow4j"));
    }
  }

  /** What it said, and the most that it held at once. */
  record Measured(OurRun run, long peakKibibytes) {

    boolean isEnded() {
      return run.exitCode() == ENDED;
    }
  }

  /**
   * Runs it by a name.
   *
   * @param mostSeconds what it is ended after
   */
  Measured run(
      String name, List<String> arguments, Map<String, String> environment, int mostSeconds)
      throws IOException, InterruptedException {
    Path peak = directory.resolve("peak");
    Path error = directory.resolve("error");
    List<String> words = new ArrayList<>(List.of(QemuTools.requireProgram("time").toString()));
    words.addAll(List.of("-q", "-f", "%M", "-o", peak.toString()));
    words.addAll(List.of("timeout", "--foreground", "--signal=KILL", mostSeconds + ""));
    words.add(directory.resolve(name).toString());
    words.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().putAll(environment);
    Process process = builder.redirectError(error.toFile()).start();
    String output = beginning(process.getInputStream());
    int exitCode = process.waitFor();
    return new Measured(
        new OurRun(
            arguments, exitCode, output, Files.readString(error, StandardCharsets.ISO_8859_1)),
        // A line before it may tell of a signal.
        Long.parseLong(Files.readAllLines(peak).getLast()));
  }

  private static String beginning(InputStream output) throws IOException {
    byte[] kept = output.readNBytes(MOST_KEPT_BYTES);
    long _ = output.transferTo(OutputStream.nullOutputStream());
    return new String(kept, StandardCharsets.ISO_8859_1);
  }
}
