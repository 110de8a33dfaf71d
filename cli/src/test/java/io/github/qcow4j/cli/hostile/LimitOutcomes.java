package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.console.Personality;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What every number of every field comes to, as {@code limits.txt} says it. */
final class LimitOutcomes {

  private static final Map<String, CommandLine> PROBES =
      Map.of(
          "info", new CommandLine("info -f qcow2 IMAGE", Personality.QEMU_IMG, false, 1),
          "check", new CommandLine("check -f qcow2 IMAGE", Personality.QEMU_IMG, false, 3),
          "map",
              new CommandLine("map --output=json -f qcow2 IMAGE", Personality.QEMU_IMG, false, 1),
          "apply", new CommandLine("snapshot -a first IMAGE", Personality.QEMU_IMG, true, 1),
          "clear", new CommandLine("bitmap --clear IMAGE b0", Personality.QEMU_IMG, true, 1),
          "write", new CommandLine("bench -w -c 1 -f qcow2 IMAGE", Personality.QEMU_IMG, true, 1));

  private static final Pattern OUTCOME =
      Pattern.compile("(?<probe>[a-z]+) (?<ours>\\d+)(?:/(?<qemu>\\d+|\\?))? ?(?<words>.*)");

  private static final String EVERY_PROBE = "all";

  /** Stands in the words for what differs. */
  private static final String ANYTHING = "…";

  private final Map<String, Map<Long, Map<String, Outcome>>> rows;

  private LimitOutcomes(Map<String, Map<Long, Map<String, Outcome>>> rows) {
    this.rows = rows;
  }

  /**
   * How a command ends.
   *
   * @param exitCode the exit code
   * @param qemuExitCode QEMU's, or -1 when it has none worth asking for
   * @param words what it says in this order, among other things
   */
  record Outcome(int exitCode, int qemuExitCode, List<String> words) {

    static final Outcome SUCCESS = new Outcome(0, 0, List.of());

    boolean isSaidBy(String text) {
      int position = 0;
      for (String part : words) {
        int found = text.indexOf(part, position);
        if (found < 0) {
          return false;
        }
        position = found + part.length();
      }
      return true;
    }
  }

  static LimitOutcomes read() throws IOException {
    Map<String, Map<Long, Map<String, Outcome>>> rows = new LinkedHashMap<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                LimitOutcomes.class.getResourceAsStream("limits.txt"), StandardCharsets.UTF_8))) {
      Map<Long, Map<String, Outcome>> row = Map.of();
      for (String line : reader.lines().toList()) {
        if (line.startsWith("[")) {
          row = new LinkedHashMap<>();
          rows.put(line.substring(1, line.length() - 1), row);
        } else if (!line.isBlank() && !line.startsWith("#")) {
          addLine(line, row);
        }
      }
    }
    return new LimitOutcomes(rows);
  }

  private static void addLine(String line, Map<Long, Map<String, Outcome>> row) {
    int colon = line.indexOf(':');
    Map<String, Outcome> outcomes = new LinkedHashMap<>();
    for (String part : Pattern.compile(" \\| ").splitAsStream(line.substring(colon + 1)).toList()) {
      if (!part.isBlank()) {
        Matcher outcome = OUTCOME.matcher(part.strip());
        if (!outcome.matches()) {
          throw new IllegalStateException(line);
        }
        outcomes.put(outcome.group("probe"), outcome(outcome));
      }
    }
    Pattern.compile(" ")
        .splitAsStream(line.substring(0, colon))
        .forEach(value -> row.put(number(value), outcomes));
  }

  private static Outcome outcome(Matcher text) {
    int ours = Integer.parseInt(text.group("ours"));
    String qemu = text.group("qemu");
    return new Outcome(
        ours,
        qemu == null ? ours : qemu.equals("?") ? -1 : Integer.parseInt(qemu),
        Pattern.compile(ANYTHING).splitAsStream(text.group("words")).toList());
  }

  private static long number(String text) {
    return text.startsWith("0x")
        ? Long.parseUnsignedLong(text.substring(2), 16)
        : Long.parseUnsignedLong(text);
  }

  /** The titles of all rows. */
  List<String> titles() {
    return List.copyOf(rows.keySet());
  }

  /** The numbers of a row. */
  List<Long> values(LimitRow row) {
    return List.copyOf(rows.getOrDefault(row.title(), Map.of()).keySet());
  }

  /** What looks at a row's field: what opens and walks an image, and what changes it there. */
  static List<String> probes(LimitRow row) {
    String change =
        row.about().contains(Part.SNAPSHOTS)
            ? "apply"
            : row.about().contains(Part.BITMAPS) ? "clear" : "write";
    return List.of("info", "check", "map", change);
  }

  static CommandLine command(String probe) {
    return PROBES.get(probe);
  }

  /** How a probe ends. */
  Outcome of(LimitRow row, long value, String probe) {
    Map<String, Outcome> stated = rows.get(row.title()).get(value);
    Outcome every = stated.getOrDefault(EVERY_PROBE, Outcome.SUCCESS);
    return stated.getOrDefault(probe, every);
  }
}
