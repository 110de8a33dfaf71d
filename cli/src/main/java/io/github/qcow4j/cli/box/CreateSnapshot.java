package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.model.Captured;
import io.github.qcow4j.snapshot.model.SnapshotRequest;
import io.github.qcow4j.snapshot.quiesce.OnQuiesceFailure;
import io.github.qcow4j.snapshot.quiesce.QuiesceMode;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box snapshot create}. */
@Command(
    name = "create",
    description =
        "Keeps the disks of a box as they are. Of a running box they are captured while whoever"
            + " writes to them holds still.")
final class CreateSnapshot extends BoxAction {

  @Parameters(index = "0", paramLabel = "BOX", description = "the box")
  private String box = "";

  @Parameters(index = "1", paramLabel = "SNAP", description = "the new snapshot")
  private String snapshot = "";

  @Option(names = "--description", paramLabel = "TEXT", description = "what it is for")
  private String description = "";

  @Option(
      names = "--quiesce",
      paramLabel = "HOW",
      description =
          "how the writers of a running box are made to hold still: auto (stopped, where the"
              + " process is known), none, pause (stopped), agent=SOCKET (QEMU's guest agent),"
              + " hook=PROGRAM (called with freeze and thaw)")
  private String quiesce = "auto";

  @Option(
      names = "--on-quiesce-failure",
      paramLabel = "WHAT",
      description = "when that fails: abort, or crash-consistent (as far as it goes)")
  private String onFailure = "abort";

  CreateSnapshot(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    SnapshotRequest request =
        new SnapshotRequest(box, snapshot, description, mode(quiesce), onFailure(onFailure));
    Captured made = home.snapshot(request, session().startJob());
    session()
        .answer(
            BoxText.captured(made),
            json -> {
              BoxJson.snapshot(json, made.snapshot());
              BoxJson.captured(json, made);
            });
    IOException thawFailure = made.thawFailure();
    if (thawFailure != null) {
      session().console().error("the snapshot is made, but " + thawFailure.getMessage());
      return 1;
    }
    return 0;
  }

  static QuiesceMode mode(String text) throws InvalidRequestException {
    int equals = text.indexOf('=');
    String kind = equals < 0 ? text : text.substring(0, equals);
    String value = equals < 0 ? "" : text.substring(equals + 1);
    boolean valued = kind.equals("agent") || kind.equals("hook");
    if (valued == value.isEmpty()) {
      throw new InvalidRequestException(
          "'" + text + "' is none of auto, none, pause, agent=SOCKET and hook=PROGRAM");
    }
    return switch (kind) {
      case "auto" -> new QuiesceMode.Auto();
      case "none" -> new QuiesceMode.None();
      case "pause" -> new QuiesceMode.Pause();
      case "agent" -> new QuiesceMode.Agent(Session.path(value));
      case "hook" -> new QuiesceMode.Hook(Session.path(value).toAbsolutePath());
      default ->
          throw new InvalidRequestException(
              "'" + text + "' is none of auto, none, pause, agent=SOCKET and hook=PROGRAM");
    };
  }

  private static OnQuiesceFailure onFailure(String text) throws InvalidRequestException {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "abort" -> OnQuiesceFailure.ABORT;
      case "crash-consistent" -> OnQuiesceFailure.CRASH_CONSISTENT;
      default ->
          throw new InvalidRequestException("'" + text + "' is neither abort nor crash-consistent");
    };
  }
}
