package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.JsonText;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a check says, in a form in which ours and QEMU's can be compared.
 *
 * @param exitCode the exit code of {@code qemu-img check}
 * @param numbers the numbers that are not zero, by their JSON keys; empty when the check did not
 *     come to its end
 * @param lines what goes to standard error; empty when the image could not be opened
 */
record CheckText(int exitCode, Map<String, Long> numbers, List<String> lines) {

  private static final List<String> KEYS =
      List.of(
          "image-end-offset",
          "compressed-clusters",
          "total-clusters",
          "corruptions",
          "check-errors",
          "leaks",
          "allocated-clusters",
          "fragmented-clusters");

  /** What QEMU says on opening any image whose bitmaps are stale; it ends no line. */
  private static final String STALE_BITMAPS_WARNING =
      "qemu-img: warning: a program lacking bitmap support modified this file, so all bitmaps are"
          + " now considered inconsistent\nSome clusters may be leaked, run 'qemu-img check -r' on"
          + " the image file to fix.";

  static final int MAX_LINES = 20_000;

  static CheckText ours(Path image) {
    List<String> lines = new ArrayList<>();
    try (ImageCheck check = ImageCheck.open(Volumes.host(), image)) {
      try {
        CheckReport report = check.run(finding -> addLines(lines, finding), new JobControl());
        return new CheckText(exitCode(report), numbers(report), lines);
      } catch (LimitExceededException e) {
        return failed(lines, "File too large");
      } catch (CorruptImageException e) {
        return failed(lines, "Invalid argument");
      } catch (IOException e) {
        return failed(lines, FailureReason.of(e));
      }
    } catch (IOException e) {
      return new CheckText(1, Map.of(), List.of());
    }
  }

  private static void addLines(List<String> lines, CheckFinding finding) {
    if (lines.size() < MAX_LINES) {
      String prefix = finding instanceof SnapshotFinding.UnusableTable ? "qemu-img: " : "";
      lines.addAll(List.of((prefix + finding.message()).split("\n", -1)));
    }
  }

  private static CheckText failed(List<String> lines, String reason) {
    lines.add("qemu-img: Check failed: " + reason);
    return new CheckText(1, Map.of(), lines);
  }

  private static int exitCode(CheckReport report) {
    return switch (report.outcome()) {
      case CONSISTENT -> 0;
      case INCOMPLETE -> 1;
      case CORRUPT -> 2;
      case LEAKING -> 3;
    };
  }

  private static Map<String, Long> numbers(CheckReport report) {
    long[] values = {
      report.imageEndOffset(),
      report.compressedClusters(),
      report.totalClusters(),
      report.corruptions(),
      report.checkErrors(),
      report.leaks(),
      report.allocatedClusters(),
      report.fragmentedClusters()
    };
    Map<String, Long> numbers = new LinkedHashMap<>();
    for (int i = 0; i < values.length; i++) {
      if (values[i] != 0) {
        numbers.put(KEYS.get(i), values[i]);
      }
    }
    return numbers;
  }

  /** What {@code qemu-img check --output=json} said. */
  static CheckText qemus(ToolRun run) {
    if (run.stderr().contains("Could not open")) {
      return new CheckText(run.exitCode(), Map.of(), List.of());
    }
    Map<String, Long> numbers = new LinkedHashMap<>();
    if (!run.stdout().isBlank()) {
      JsonText.object(run.stdout())
          .forEach((key, value) -> {
            if (KEYS.contains(key) && (long) value != 0) {
              numbers.put(key, (long) value);
            }
          });
    }
    String errors = run.stderr().replace(STALE_BITMAPS_WARNING, "");
    List<String> lines = new ArrayList<>(errors.lines().toList());
    lines.remove("qemu-img: Check failed");
    if (lines.size() > MAX_LINES) {
      lines.subList(MAX_LINES, lines.size()).clear();
    }
    return new CheckText(run.exitCode(), numbers, lines);
  }
}
