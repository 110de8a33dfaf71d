package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.model.BoxDisk;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box snapshot path}. */
@Command(
    name = "path",
    description = "Prints the absolute path of a disk of a snapshot, to be read only.")
final class SnapshotPath extends BoxAction {

  @Parameters(index = "0", paramLabel = "BOX", description = "the box")
  private String box = "";

  @Parameters(index = "1", paramLabel = "SNAP", description = "the snapshot")
  private String snapshot = "";

  @Option(names = "--disk", paramLabel = "ROLE", description = "which disk; root if not given")
  private String role = BoxDisk.ROOT;

  SnapshotPath(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    Path path = home.snapshotPath(box, snapshot, role);
    session().show(path + "\n", json -> json.member("path", path.toString()));
    return 0;
  }
}
