package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code box snapshot show}. */
@Command(name = "show", description = "Shows a snapshot and its disks.")
final class ShowSnapshot extends BoxAction {

  @Parameters(index = "0", paramLabel = "BOX", description = "the box")
  private String box = "";

  @Parameters(index = "1", paramLabel = "SNAP", description = "the snapshot")
  private String snapshot = "";

  ShowSnapshot(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    Snapshot shown = home.showSnapshot(box, snapshot);
    session().show(BoxText.snapshot(shown), json -> BoxJson.snapshot(json, shown));
    return 0;
  }
}
