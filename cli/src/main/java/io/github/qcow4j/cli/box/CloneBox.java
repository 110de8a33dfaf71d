package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.Created;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box clone}. */
@Command(
    name = "clone",
    description = "Makes boxes that begin as another one is, all of one call on one base.")
final class CloneBox extends BoxAction {

  /** More at once are a mistake sooner than a wish. */
  private static final int MAX_COUNT = 100_000;

  @Parameters(index = "0", paramLabel = "BOX", description = "the box")
  private String box = "";

  @Parameters(index = "1..*", arity = "0..*", paramLabel = "NAME", description = "the new boxes")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--snapshot",
      paramLabel = "SNAP",
      description = "begin as this snapshot, in place of the live disks")
  private @Nullable String snapshot;

  @Option(names = "--count", paramLabel = "N", description = "so many, named by --prefix")
  private int count;

  @Option(
      names = "--prefix",
      paramLabel = "P",
      description = "the names of --count: this and a number from 1 on")
  private @Nullable String prefix;

  @Option(names = "--full", description = "copy all data, to depend on nothing")
  private boolean full;

  CloneBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    CloneRequest request = new CloneRequest(box, snapshot, wanted(), full);
    Created created = home.cloneBox(request, session().startJob());
    session()
        .answer(
            BoxText.made(created),
            json -> {
              BoxJson.boxes(json, created.boxes());
              BoxJson.method(json, created.method());
            });
    return 0;
  }

  private List<String> wanted() throws InvalidRequestException {
    boolean counted = prefix != null || count != 0;
    if (counted != names.isEmpty()) {
      throw new InvalidRequestException(
          "the clones need names, or a --count and a --prefix for them");
    } else if (!counted) {
      return names;
    } else if (prefix == null || count < 1 || count > MAX_COUNT) {
      throw new InvalidRequestException(
          "--count, from 1 to " + MAX_COUNT + ", and --prefix go together");
    }
    List<String> numbered = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      numbered.add(prefix + i);
    }
    return numbered;
  }
}
