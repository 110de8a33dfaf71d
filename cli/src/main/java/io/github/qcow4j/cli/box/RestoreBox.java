package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box restore}. */
@Command(
    name = "restore",
    description =
        "Puts the disks of a stopped box back to a snapshot. What they were is kept until the box"
            + " is next written to: --undo gets it back.")
final class RestoreBox extends BoxAction {

  @Parameters(index = "0", paramLabel = "BOX", description = "the box")
  private String box = "";

  @Parameters(index = "1", arity = "0..1", paramLabel = "SNAP", description = "the snapshot")
  private @Nullable String snapshot;

  @Option(
      names = "--keep",
      paramLabel = "NAME",
      description = "make a snapshot of the present state first")
  private @Nullable String keep;

  @Option(names = "--undo", description = "back to what the last restore has replaced")
  private boolean undo;

  RestoreBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    Box restored = restore(home);
    session().answer("", json -> BoxJson.box(json, restored));
    return 0;
  }

  private Box restore(BoxHome home) throws IOException {
    String wanted = snapshot;
    if (undo && (wanted != null || keep != null)) {
      throw new InvalidRequestException("--undo goes with the name of a box, and nothing else");
    } else if (undo) {
      return home.undo(box);
    } else if (wanted == null) {
      throw new InvalidRequestException("which snapshot is box '" + box + "' to be put back to?");
    }
    return home.restore(new RestoreRequest(box, wanted, keep));
  }
}
