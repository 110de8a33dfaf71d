package io.github.qcow4j.cli.packaged;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.qcow4j.cli.packaged.PackagedFolder.Outcome;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The packaged program under {@code strace}, which can send it a signal at exactly one call to the
 * kernel: no sleep decides how far a job has come.
 *
 * @param logs where what programs say is kept
 */
record TracedProgram(Path logs) {

  /** All that change files, and what makes changes last. */
  private static final List<String> CALLS =
      List.of(
          "pwrite64",
          "pwritev",
          "copy_file_range",
          "fallocate",
          "ftruncate",
          "fsync",
          "fdatasync",
          "link",
          "linkat",
          "rename",
          "renameat",
          "renameat2",
          "unlink",
          "unlinkat");

  /** What those commands do that change nothing. */
  private static final List<String> READS = List.of("pread64", "preadv");

  /** By it a thread returns from what it does at a signal, whatever it is interrupted in. */
  private static final String RETURN = "rt_sigreturn";

  /** Ends what hangs; it then has no exit code that is expected. */
  private static final String MOST_SECONDS = "120";

  enum Signal {
    TERM(143),
    INT(130);

    private final int exitCode;

    Signal(int exitCode) {
      this.exitCode = exitCode;
    }

    int exitCode() {
      return exitCode;
    }
  }

  /** The nth such call of a thread. */
  record Point(String call, int nth) {}

  /**
   * A run that was looked at.
   *
   * @param points its calls in order, those of several threads with the same number once: those
   *     that change files, or where there are none those that read
   * @param signals how many it was sent: each thread that comes so far gets one
   */
  record Traced(Outcome outcome, List<Point> points, long signals) {}

  /** Skips what called it, visibly, where nobody may be traced; where CI is true, fails it. */
  void require() throws IOException, InterruptedException {
    String strace = QemuTools.requireProgram("strace").toString();
    Outcome tried = run(logs, strace, "-f", "-qqq", "-e", "trace=none", "true");
    if ("true".equals(System.getenv("CI"))) {
      assertThat(tried).isEqualTo(new Outcome(0, "", ""));
    }
    assumeTrue(tried.exitCode() == 0, () -> "strace does not work here: " + tried.error());
  }

  Traced undisturbed(Path directory, List<String> arguments)
      throws IOException, InterruptedException {
    return traced(directory, List.of(), arguments);
  }

  Traced signalled(Path directory, Point point, Signal signal, List<String> arguments)
      throws IOException, InterruptedException {
    return traced(directory, List.of("-e", injection(point, signal)), arguments);
  }

  /**
   * Holds the thread that the signal comes to when it has told the others, so that these can act
   * before it goes on.
   *
   * @param held for how long
   */
  Traced signalledAndHeld(
      Path directory, Point point, Signal signal, Duration held, List<String> arguments)
      throws IOException, InterruptedException {
    String hold = "inject=%s:delay_enter=%d".formatted(RETURN, held.toNanos() / 1000);
    return traced(directory, List.of("-e", injection(point, signal), "-e", hold), arguments);
  }

  private static String injection(Point point, Signal signal) {
    return "inject=%s:signal=%s:when=%d".formatted(point.call(), signal, point.nth());
  }

  private Traced traced(Path directory, List<String> injection, List<String> arguments)
      throws IOException, InterruptedException {
    Path trace = Files.createTempFile(logs, "trace", ".txt");
    // Whoever runs the tests may ignore the signals, and a launcher's child inherits that.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT,TERM"));
    command.addAll(List.of("timeout", "--foreground", "--signal=KILL", MOST_SECONDS));
    command.addAll(List.of("strace", "-f", "-qqq", "-o", trace.toString()));
    // Not all kernels have all calls: a question mark lets the others be traced there.
    List<String> looked = Stream.of(CALLS, READS, List.of(RETURN)).flatMap(List::stream).toList();
    command.addAll(List.of("-e", "trace=?" + String.join(",?", looked)));
    command.addAll(injection);
    command.add(PackagedFolder.FOLDER.resolve("bin/qcow4j").toString());
    command.addAll(arguments);
    Outcome outcome = run(directory, command.toArray(String[]::new));
    List<String> lines = Files.readAllLines(trace);
    List<Point> changing = points(lines, CALLS);
    List<Point> points = changing.isEmpty() ? points(lines, READS) : changing;
    return new Traced(outcome, points, signals(lines));
  }

  /** Runs any program in a directory. */
  Outcome run(Path directory, String... command) throws IOException, InterruptedException {
    return PackagedFolder.run(
        logs,
        Map.of(),
        Path.of("/usr/bin/env"),
        Stream.concat(Stream.of("--chdir=" + directory), Arrays.stream(command))
            .toArray(String[]::new));
  }

  /** In the order in which the first thread comes to each. */
  private static List<Point> points(List<String> lines, List<String> calls) {
    Map<String, Integer> ofThreads = new HashMap<>();
    Set<Point> points = new LinkedHashSet<>();
    for (String line : lines) {
      String[] words = line.split("[ (]+", 3);
      if (calls.contains(words[1])) {
        int nth = ofThreads.merge(words[0] + ' ' + words[1], 1, Integer::sum);
        points.add(new Point(words[1], nth));
      }
    }
    return List.copyOf(points);
  }

  /** The runtime sends itself others. */
  private static long signals(List<String> lines) {
    return lines.stream()
        .filter(line -> line.contains(" --- SIGTERM ") || line.contains(" --- SIGINT "))
        .count();
  }
}
