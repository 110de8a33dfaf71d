package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.sidebyside.Contender.Ending;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Side;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** The results in Markdown: where figures are reached and where not, then all that was measured. */
final class Report {

  static final String TITLE = "# Beside qemu-img";

  private static final String INTRODUCTION =
      """
      Written by `mvn -q -Pside-by-side -pl cli,benchmarks -am package -DskipTests`; told
      `-Dside-by-side.args="jobs=REGEX places=DIR mib=N plain-mib=N rounds=N"` it measures some jobs anew and leaves the
      others: the commit is that of which a row was measured. Every run is a process of its own, start-up included, that
      makes a new target; sources are in the page cache, and are this machine's own files. Medians of rounds in which all
      take turns, after one that is not measured; before each turn all that waits is stored (`sync`); the memory is the
      most of any run. Processes run under time(1), which adds a millisecond to each. Overlays alone are made in the
      runner's own process: a hundred a turn, of which the mean counts, after two thousand that are not measured; their
      memory is not known. Where the start of the runtime is set aside, what the bare runtime takes to print one line is
      taken from ours. qemu-img leaves its target to the page cache; `qcow4j` makes it durable before it shows it. Told
      `-t unsafe`, both leave it to the page cache; "then sync" makes qemu-img's durable too. A run fails when the targets
      of a job differ in what they hold, which of 100 GiB and of snapshots is not compared, or ours is larger than qemu-img's
      in zlib, or more than 1.01 times as large in zstd.\
      """;

  private final Map<String, Map<String, List<Result>>> places = new LinkedHashMap<>();
  private final List<String> lines = new ArrayList<>();

  private Report(List<Result> results) {
    for (Result result : results) {
      places
          .computeIfAbsent(result.place(), any -> new LinkedHashMap<>())
          .computeIfAbsent(result.job(), any -> new ArrayList<>())
          .add(result);
    }
  }

  /**
   * The part of the results' file.
   *
   * @param machine lines about the machine
   */
  static List<String> of(List<String> machine, List<Result> results) {
    Report report = new Report(results);
    report.lines.addAll(List.of(TITLE, ""));
    report.lines.addAll(machine);
    report.lines.add("");
    report.lines.addAll(INTRODUCTION.lines().toList());
    report.addVerdicts("Against what is wanted", "", job -> Verdict.of(job).stream().toList());
    report.addVerdicts(
        "Lost",
        "Slower than wanted, or than anybody where nothing is, or above 256 MiB; at equal promises too.",
        job -> Verdict.all(job).stream().filter(Verdict::isLost).toList());
    report.addVerdicts(
        "At equal promises",
        "Both leave the target to the page cache, or both make it durable.",
        Verdict::atEqualPromises);
    report.places.forEach(report::addPlace);
    return report.lines;
  }

  /** Those of each place. */
  static Map<String, Map<String, List<Result>>> byPlaceAndJob(List<Result> results) {
    return new Report(results).places;
  }

  private void addVerdicts(
      String title, String remark, Function<List<Result>, List<Verdict>> verdicts) {
    lines.addAll(List.of("", "## " + title, ""));
    if (!remark.isEmpty()) {
      lines.addAll(List.of(remark, ""));
    }
    lines.add("| job | where | ours, s | peak MiB | fastest held against | s | ratio | wanted |");
    lines.add("|---|---|--:|--:|---|--:|--:|--:|");
    for (Map<String, List<Result>> jobs : places.values()) {
      jobs.values().forEach(job -> verdicts.apply(job).forEach(this::addVerdict));
    }
  }

  private void addVerdict(Verdict verdict) {
    Result ours = verdict.ours();
    lines.add(
        String.format(
            Locale.ROOT,
            "| %s | %s | %s%s | %s | %s | %s | %s | %s |",
            ours.ending() == Ending.UNSAFE ? ours.job() + ", to the page cache" : ours.job(),
            ours.place(),
            seconds(ours.median().wallSeconds()),
            verdict.startSeconds() == 0
                ? ""
                : " (of which start " + seconds(verdict.startSeconds()) + ")",
            mebibytes(ours.median().peakMib()),
            verdict.rival().contender(),
            seconds(verdict.rival().median().wallSeconds()),
            ratio(verdict.ratio()),
            verdict.figure() == 0 ? "" : "≤ " + verdict.figure()));
  }

  private void addPlace(String place, Map<String, List<Result>> jobs) {
    lines.addAll(
        List.of("", "## " + place, "", "![" + place + "](" + Plot.fileName(place) + ")", ""));
    lines.add(
        "| job | who | s | CPU s | peak MiB | target MiB | ours takes of it | rounds | day | commit |");
    lines.add("|---|---|--:|--:|--:|--:|--:|--:|---|---|");
    jobs.values().forEach(job -> job.forEach(result -> addResult(job, result)));
  }

  private void addResult(List<Result> job, Result result) {
    Measured median = result.median();
    lines.add(
        "| %s | %s | %s | %s | %s | %s | %s | %d | %s | %s |"
            .formatted(
                result.job(),
                result.contender(),
                seconds(median.wallSeconds()),
                seconds(median.processorSeconds()),
                mebibytes(median.peakMib()),
                mebibytes(median.outputMib()),
                part(job, result),
                result.rounds(),
                result.day(),
                result.commit()));
  }

  /** Ours beside those that were told the same; told nothing also beside those that sync. */
  private static String part(List<Result> job, Result other) {
    if (other.side() != Side.RIVAL && other.side() != Side.SHOWN) {
      return "";
    }
    Ending told = other.ending() == Ending.SYNCED ? Ending.DEFAULT : other.ending();
    return job.stream()
        .filter(each -> each.side() == Side.OURS && each.ending() == told)
        .map(each -> ratio(each.median().wallSeconds() / other.median().wallSeconds()))
        .findFirst()
        .orElse("");
  }

  private static String ratio(double value) {
    return String.format(Locale.ROOT, value < 0.1 ? "**%.3f**" : "**%.2f**", value);
  }

  static String seconds(double value) {
    return String.format(Locale.ROOT, value < 0.1 ? "%.4f" : "%.2f", value);
  }

  private static String mebibytes(double value) {
    return value == 0 ? "" : String.format(Locale.ROOT, "%.0f", Math.ceil(value));
  }
}
