package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.error.BoxException.Kind;
import io.github.qcow4j.snapshot.model.HomeFinding.Severity;
import io.github.qcow4j.snapshot.model.HomeReport;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code box check}. */
@Command(
    name = "check",
    description =
        "Holds catalogue, files, every chain and every image against each other. Ends with 0 when"
            + " no data is in danger, 1 when something could not be checked, 6 when something is"
            + " corrupt.")
final class CheckHome extends BoxAction {

  @Option(
      names = "--repair",
      description =
          "mend what can be mended without losing data; boxes whose disks cannot be relied on are"
              + " put under quarantine, and lifted from it when they can be again")
  private boolean repair;

  CheckHome(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    HomeReport report = home.check(repair, session().startJob());
    if (repair) {
      session().answer(ReportText.of(report), json -> ReportText.members(json, report));
    } else {
      session().show(ReportText.of(report), json -> ReportText.members(json, report));
    }
    if (report.remains(Severity.CORRUPT)) {
      return Kind.CORRUPT.exitCode();
    }
    return report.remains(Severity.UNCHECKED) ? Kind.FAILED.exitCode() : 0;
  }
}
