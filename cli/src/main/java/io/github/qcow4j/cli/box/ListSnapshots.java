package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code box snapshot list}. */
@Command(name = "list", description = "Lists the snapshots of a box, newest first.")
final class ListSnapshots extends BoxAction {

  @Parameters(index = "0", paramLabel = "BOX", description = "the box")
  private String box = "";

  ListSnapshots(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    List<Snapshot> snapshots = home.snapshots(box);
    session().show(BoxText.snapshots(snapshots), json -> BoxJson.snapshots(json, snapshots));
    return 0;
  }
}
