package io.github.qcow4j.cli.box;

import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.error.BoxException.Kind;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code box gc}. */
@Command(
    name = "gc",
    description =
        "Removes files that nothing knows, what dead programs have begun, and bases that nothing"
            + " needs, and says why. With limits it also removes snapshots, those first that were"
            + " not restored, cloned or exported for longest; what another needs of them moves into"
            + " it, and what several need stays for these.")
final class CollectGarbage extends BoxAction {

  @Option(names = "--dry-run", description = "only say what would go, and why")
  private boolean dryRun;

  @Option(
      names = "--keep",
      paramLabel = "N",
      description = "so many snapshots of the home may stay")
  private @Nullable Integer keep;

  @Option(
      names = "--older-than",
      paramLabel = "DURATION",
      description =
          "snapshots not used for longer go: 90s, 30m, 12h, 7d, 2w, 1d12h, or ISO 8601 (PT30M,"
              + " P7D)")
  private @Nullable String olderThan;

  @Option(
      names = "--max-size",
      paramLabel = "SIZE",
      description = "what the files of all snapshots may take together")
  private @Nullable String maxSize;

  CollectGarbage(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    List<Collected> lines = new ArrayList<>();
    CollectRequest request = request();
    try {
      home.collect(request, lines::add, session().startJob());
    } catch (IOException e) {
      boolean cancelled = e instanceof JobCancelledException;
      // What went is gone, whatever ended the rest.
      if (cancelled || !lines.isEmpty()) {
        session()
            .answer(
                (cancelled ? "cancelled\n" : "") + CollectedText.of(lines, dryRun),
                json -> {
                  json.member(cancelled ? "cancelled" : "failed", true);
                  CollectedText.members(json, lines, dryRun);
                });
      }
      throw e;
    }
    session()
        .answer(
            CollectedText.of(lines, dryRun), json -> CollectedText.members(json, lines, dryRun));
    return lines.stream().anyMatch(Collected::failed) ? Kind.FAILED.exitCode() : 0;
  }

  private CollectRequest request() throws InvalidRequestException {
    Integer limit = keep;
    if (limit != null && limit < 0) {
      throw new InvalidRequestException("--keep takes 0 or more: " + limit);
    }
    return new CollectRequest(
        dryRun,
        limit,
        olderThan == null ? null : DurationText.parse(olderThan),
        maxSize == null ? null : Session.bytes(maxSize));
  }
}
