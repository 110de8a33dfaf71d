package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.sidebyside.Contender.Ending;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The results of one place as a table in Markdown: what we took beside what each other took. */
final class ResultTable {

  private final double mebibytes;
  private final List<String> lines = new ArrayList<>();

  /**
   * @param sizeBytes the size of the disks
   */
  ResultTable(long sizeBytes) {
    this.mebibytes = sizeBytes / 1048576.0;
    lines.add("| job | ours | s | CPU s | MiB/s | against | s | CPU s | ratio |");
    lines.add("|---|---|--:|--:|--:|---|--:|--:|--:|");
  }

  /**
   * Adds a job: each command against those that were told the same; ours when nothing was said also
   * against qemu-img with a sync, which promises as much.
   */
  void add(Job job, Map<String, Measured> medians) {
    for (Contender ours : job.contenders()) {
      for (Contender theirs : job.contenders()) {
        boolean pair = isOurs(ours) && !isOurs(theirs) && comparable(ours, theirs);
        Measured a = medians.get(ours.name());
        Measured b = medians.get(theirs.name());
        if (pair && a != null && b != null) {
          lines.add(row(job.name(), ours.name(), a, theirs.name(), b));
        }
      }
    }
  }

  private static boolean comparable(Contender ours, Contender theirs) {
    return ours.ending() == theirs.ending()
        || (ours.ending() == Ending.DEFAULT && theirs.ending() == Ending.SYNCED);
  }

  private static boolean isOurs(Contender contender) {
    return contender.name().startsWith(Contenders.OURS);
  }

  private String row(String job, String ourName, Measured ours, String name, Measured theirs) {
    return String.format(
        Locale.ROOT,
        "| %s | %s | %.2f | %.2f | %.0f | %s | %.2f | %.2f | **%.2f** |",
        job,
        ourName,
        ours.wallSeconds(),
        ours.processorSeconds(),
        mebibytes / ours.wallSeconds(),
        name,
        theirs.wallSeconds(),
        theirs.processorSeconds(),
        ours.wallSeconds() / theirs.wallSeconds());
  }

  List<String> lines() {
    return List.copyOf(lines);
  }
}
