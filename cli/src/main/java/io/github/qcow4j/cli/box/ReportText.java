package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.snapshot.model.HomeFinding;
import io.github.qcow4j.snapshot.model.HomeFinding.Severity;
import io.github.qcow4j.snapshot.model.HomeReport;
import java.util.Arrays;
import java.util.stream.Collectors;

/** What a check found, for people and for programs. */
final class ReportText {

  private ReportText() {}

  static String of(HomeReport report) {
    StringBuilder text = new StringBuilder();
    for (HomeReport.Line line : report.lines()) {
      HomeFinding finding = line.finding();
      text.append(line.mended() == null ? finding.severity().label() : "mended")
          .append(": ")
          .append(finding.subject())
          .append(' ')
          .append(finding.message());
      if (line.mended() != null) {
        text.append("; ").append(line.mended());
      } else if (line.hindrance() != null) {
        text.append("; not mended: ").append(line.hindrance());
      }
      text.append('\n');
    }
    return text.append(report.images())
        .append(" images checked: ")
        .append(summary(report))
        .append('\n')
        .toString();
  }

  private static String summary(HomeReport report) {
    String counts =
        Arrays.stream(Severity.values())
            .filter(report::remains)
            .map(severity -> count(report, severity) + " " + severity.label())
            .collect(Collectors.joining(", "));
    return counts.isEmpty() ? "all is well" : counts;
  }

  private static long count(HomeReport report, Severity severity) {
    return report.remaining().stream().filter(each -> each.severity() == severity).count();
  }

  /** {@code "images": ..., "findings": [...]}, with the numbers of what remains. */
  static void members(JsonWriter json, HomeReport report) {
    json.member("images", report.images());
    for (Severity severity : Severity.values()) {
      json.member(severity.label(), count(report, severity));
    }
    json.key("findings").array();
    for (HomeReport.Line line : report.lines()) {
      HomeFinding finding = line.finding();
      json.object()
          .member("kind", finding.kind())
          .member("severity", finding.severity().label())
          .member("subject", finding.subject())
          .member("message", finding.message())
          .member("mended", line.mended() != null);
      if (line.mended() != null) {
        json.member("repair", line.mended());
      } else if (line.hindrance() != null) {
        json.member("hindrance", line.hindrance());
      }
      json.end();
    }
    json.end();
  }
}
