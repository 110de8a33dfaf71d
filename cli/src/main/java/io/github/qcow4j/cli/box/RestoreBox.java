package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.Created;
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
        "Puts the disks of a stopped box back to a snapshot, or to an exported directory. What they"
            + " were is kept until the box is next written to: --undo gets it back.")
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

  @Option(
      names = "--from-dir",
      paramLabel = "DIR",
      description = "back to this exported directory, which has to be of this box")
  private @Nullable String directory;

  @Option(
      names = "--force",
      description =
          "also to a directory that is of another box; with --undo, also when what was written"
              + " since the restore is lost")
  private boolean force;

  @Option(
      names = "--max-size",
      paramLabel = "SIZE",
      description = "refuse a directory whose disks are larger together; 1T if not given")
  private @Nullable String maxSize;

  RestoreBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    requireOneSource();
    String from = directory;
    if (from == null) {
      Box restored = restore(home);
      session().answer("", json -> BoxJson.box(json, restored));
    } else {
      Created restored =
          home.restoreDirectory(
              box, Session.path(from), force, Session.limits(maxSize), session().startJob());
      session()
          .answer(
              "",
              json -> {
                BoxJson.box(json, restored.box());
                BoxJson.method(json, restored.method());
              });
    }
    return 0;
  }

  private void requireOneSource() throws InvalidRequestException {
    boolean fromSnapshot = snapshot != null || keep != null;
    boolean fromDirectory = directory != null || (force && !undo) || maxSize != null;
    if (undo && (fromSnapshot || fromDirectory)) {
      throw new InvalidRequestException("--undo goes with the name of a box, and --force alone");
    } else if (fromSnapshot && fromDirectory) {
      throw new InvalidRequestException(
          "either a snapshot, with or without --keep, or --from-dir, with or without --force");
    } else if (fromDirectory && directory == null) {
      throw new InvalidRequestException("--force and --max-size go with --from-dir");
    }
  }

  private Box restore(BoxHome home) throws IOException {
    String wanted = snapshot;
    if (undo) {
      return home.undo(box, force);
    } else if (wanted == null) {
      throw new InvalidRequestException("which snapshot is box '" + box + "' to be put back to?");
    }
    return home.restore(new RestoreRequest(box, wanted, keep));
  }
}
