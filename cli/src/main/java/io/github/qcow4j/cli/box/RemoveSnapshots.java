package io.github.qcow4j.cli.box;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.snapshot.BoxHome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box snapshot rm}. */
@Command(
    name = "rm",
    description =
        "Removes snapshots that nothing depends on. With --merge any snapshot can go: what others"
            + " need of it moves into them first.")
final class RemoveSnapshots extends BoxAction {

  @Parameters(index = "0", paramLabel = "BOX", description = "the box")
  private String box = "";

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "SNAP", description = "the snapshots")
  private List<String> snapshots = new ArrayList<>();

  @Option(names = "--merge", description = "move the data to what depends on it")
  private boolean merge;

  RemoveSnapshots(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    CopyResult moved = CopyResult.NONE;
    if (merge) {
      moved = home.mergeSnapshots(box, snapshots, session().startJob());
    } else {
      home.removeSnapshots(box, snapshots);
    }
    CopyMethod method = moved.costliest();
    session()
        .answer(
            "",
            json -> {
              BoxJson.names(json, "removed", snapshots);
              BoxJson.method(json, method);
            });
    return 0;
  }
}
