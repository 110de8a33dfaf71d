package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.model.DiskDifference;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code box snapshot diff}. */
@Command(
    name = "diff",
    description =
        "Shows the guest ranges that may differ between two snapshots, or between one and the live"
            + " disks, as metadata tells; no guest data is read.")
final class DiffSnapshots extends BoxAction {

  @Parameters(index = "0", paramLabel = "BOX", description = "the box")
  private String box = "";

  @Parameters(index = "1", paramLabel = "A", description = "the older snapshot")
  private String first = "";

  @Parameters(
      index = "2",
      arity = "0..1",
      paramLabel = "B",
      description = "the newer one; if not given, the live disks")
  private @Nullable String second;

  DiffSnapshots(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    List<DiskDifference> differences = home.diff(box, first, second);
    session()
        .show(DifferenceText.of(differences), json -> DifferenceText.members(json, differences));
    return 0;
  }
}
