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
    description =
        "Makes boxes that begin as another one is, or as an exported directory, all of one call on"
            + " one base.")
final class CloneBox extends BoxAction {

  /** More at once are a mistake sooner than a wish. */
  private static final int MAX_COUNT = 100_000;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "BOX",
      description = "the box; with --from-dir a name as those after it")
  private @Nullable String box;

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

  @Option(
      names = "--from-dir",
      paramLabel = "DIR",
      description = "begin as this exported directory, which is only read, in place of a box")
  private @Nullable String directory;

  @Option(
      names = "--max-size",
      paramLabel = "SIZE",
      description = "refuse a directory whose disks are larger together; 1T if not given")
  private @Nullable String maxSize;

  CloneBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    Created created = directory == null ? ofBox(home) : ofDirectory(home, directory);
    session()
        .answer(
            BoxText.made(created),
            json -> {
              BoxJson.boxes(json, created.boxes());
              BoxJson.method(json, created.method());
            });
    return 0;
  }

  private Created ofBox(BoxHome home) throws IOException {
    String source = box;
    if (source == null) {
      throw new InvalidRequestException("which box is to be cloned?");
    } else if (maxSize != null) {
      throw new InvalidRequestException("--max-size goes with --from-dir");
    }
    CloneRequest request = new CloneRequest(source, snapshot, wanted(names), full);
    return home.cloneBox(request, session().startJob());
  }

  private Created ofDirectory(BoxHome home, String from) throws IOException {
    if (snapshot != null || full) {
      throw new InvalidRequestException("--from-dir goes with neither --snapshot nor --full");
    }
    List<String> all = new ArrayList<>();
    if (box != null) {
      all.add(box);
    }
    all.addAll(names);
    return home.cloneDirectory(
        Session.path(from), wanted(all), Session.limits(maxSize), session().startJob());
  }

  private List<String> wanted(List<String> given) throws InvalidRequestException {
    boolean counted = prefix != null || count != 0;
    if (counted != given.isEmpty()) {
      throw new InvalidRequestException(
          "the clones need names, or a --count and a --prefix for them");
    } else if (!counted) {
      return given;
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
