package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.journal.Recovery;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.Collected.Cause;
import io.github.qcow4j.snapshot.operation.CollectedLines.Candidate;
import io.github.qcow4j.snapshot.operation.CollectedLines.Freed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Removes what is of no use to anybody, and snapshots beyond the limits that were set. */
public final class Collecting {

  private final Home home;
  private final HeaderAgreement headers;
  private final CollectedLines lines;
  private final LayerBytes bytes;
  private final Outlook outlook;

  private Collecting(Home home, CollectedLines lines) throws IOException {
    this.home = home;
    this.lines = lines;
    this.headers = new HeaderAgreement(home);
    this.bytes = new LayerBytes(home);
    this.outlook = Outlook.of(home);
  }

  /**
   * Collects; says for each thing why. A dry run asks for the same leases, gives them back at once,
   * and decides as the other does.
   *
   * @param told hears of each thing as soon as it is gone, or stays
   */
  public static List<Collected> run(
      Home home, CollectRequest request, Consumer<? super Collected> told, JobControl control)
      throws IOException {
    CollectedLines lines = new CollectedLines(request.dryRun(), told, control);
    intents(home, lines);
    // What has been begun and is ended now may change what lies on what.
    Collecting collecting = new Collecting(home, lines);
    collecting.snapshots(request, control);
    collecting.layers();
    collecting.orphans();
    return lines.all();
  }

  private static void intents(Home home, CollectedLines lines) throws IOException {
    for (Intent intent : home.read(rows -> new Intents(rows).all())) {
      if (isDead(home, intent)) {
        Candidate ended =
            new Candidate(
                "intent",
                intent.operation() + " " + intent.seq(),
                0,
                List.of(Cause.FINISHED_INTENT),
                "begun by " + intent.holder().inWords() + ", which is gone");
        if (intent.phase() == Intent.Phase.DAMAGED) {
          lines.keep(
              ended, "what it was about cannot be read any more: no file counts as an orphan");
          continue;
        }
        lines.remove(
            ended,
            () -> {
              end(home, intent);
              return Freed.of(0);
            });
      }
    }
  }

  private static void end(Home home, Intent intent) throws IOException {
    switch (new Recovery(home.journal()).run(intent)) {
      case ENDED -> {}
      case BUSY -> throw new InUseException("it is just being ended", home.worker(intent));
      case LEFT -> throw new WrongStateException("it can be neither ended nor undone: see check");
    }
  }

  private static boolean isDead(Home home, Intent intent) throws IOException {
    try (Lease lease = home.leases().intent(intent.seq())) {
      return lease != null;
    }
  }

  private void snapshots(CollectRequest request, JobControl control) throws IOException {
    new Evicting(home, request, control, headers, lines, bytes, outlook).run();
  }

  private void layers() throws IOException {
    for (ImageRow image : home.read(rows -> new Images(rows).all())) {
      if (image.kind().frozen() && isUnneeded(image)) {
        List<ImageRow> along = new ArrayList<>();
        lines.remove(
            bytes.unneeded(image),
            () -> {
              along.addAll(rehearse(image));
              return Freed.of(bytes.of(image));
            },
            () -> {
              along.addAll(remove(image));
              return Freed.of(bytes.of(image));
            });
        bytes.sayGoneAlong(along, List.of(image), lines);
      }
    }
  }

  private boolean isUnneeded(ImageRow image) throws IOException {
    if (lines.dryRun()) {
      return outlook.isUnneeded(image);
    }
    return home.read(rows -> {
      Images images = new Images(rows);
      return images.byId(image.id()) != null
          && images.children(image.id()).isEmpty()
          && !images.inSnapshot(image.id());
    });
  }

  private List<ImageRow> rehearse(ImageRow image) throws IOException {
    List<ImageRow> going = outlook.going(List.of(image));
    try (LeaseSet held = new LeaseSet()) {
      for (ImageRow layer : going) {
        home.leaseForChanging(layer, held);
        headers.requireNoOthersOn(layer);
      }
    }
    outlook.remove(going);
    return going;
  }

  private List<ImageRow> remove(ImageRow image) throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      Unneeded unneeded = new Unneeded(home, headers);
      unneeded.drop(image);
      Draft draft = new Draft();
      List<ImageRow> gone = unneeded.addTo(draft, held);
      home.journal().run(draft.intent(home, "collect", null), draft::makeAll);
      return gone;
    }
  }

  private void orphans() throws IOException {
    Orphans orphans = new Orphans(home);
    for (Path path : orphans.find()) {
      Candidate orphan = orphan(path, LayerBytes.of(home, path));
      lines.remove(
          orphan,
          () -> {
            orphans.requireUnneeded(path);
            return Freed.of(orphan.bytes());
          },
          () -> {
            orphans.remove(path);
            return Freed.of(orphan.bytes());
          });
    }
    for (String name : StagingArea.names(home)) {
      try (StagingArea abandoned = StagingArea.abandoned(home, name)) {
        if (abandoned != null) {
          clear(abandoned);
        }
      }
    }
    for (Path stray : StagingArea.strays(home)) {
      lines.keep(
          orphan(stray, LayerBytes.of(home, stray)),
          "whoever put '%s' there may still make a box of it; move it away if nobody does"
              .formatted(home.layout().home().relativize(stray)));
    }
  }

  private void clear(StagingArea abandoned) throws IOException {
    Candidate orphan = orphan(abandoned.directory(), abandoned.allocatedBytes());
    lines.remove(
        orphan,
        () -> {
          abandoned.requireFilesAlone();
          return Freed.of(orphan.bytes());
        },
        () -> {
          abandoned.clear();
          return Freed.of(orphan.bytes());
        });
  }

  private Candidate orphan(Path path, long bytes) {
    return new Candidate(
        "orphan",
        home.layout().home().relativize(path).toString(),
        bytes,
        List.of(Cause.ORPHAN),
        "the catalogue does not know it");
  }
}
