package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.journal.Recovery;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Removes what is of no use to anybody, and snapshots beyond the limits that were set. */
public final class Collecting {

  private final Home home;
  private final CollectRequest request;
  private final JobControl control;
  private final List<Collected> lines = new ArrayList<>();

  private Collecting(Home home, CollectRequest request, JobControl control) {
    this.home = home;
    this.request = request;
    this.control = control;
  }

  /** Collects; says for each thing why. */
  public static List<Collected> run(Home home, CollectRequest request, JobControl control)
      throws IOException {
    Collecting collecting = new Collecting(home, request, control);
    collecting.intents();
    collecting.snapshots();
    collecting.layers();
    collecting.orphans();
    return collecting.lines;
  }

  private interface Removal {
    void run() throws IOException;
  }

  private void line(String kind, String name, long bytes, String reason, Removal removal)
      throws IOException {
    if (request.dryRun()) {
      lines.add(new Collected(kind, name, bytes, reason, false, null));
      return;
    }
    try {
      control.checkpoint();
      removal.run();
      lines.add(new Collected(kind, name, bytes, reason, true, null));
    } catch (BoxException | ImageException e) {
      lines.add(new Collected(kind, name, bytes, reason, false, e.getMessage()));
    }
  }

  private void intents() throws IOException {
    for (Intent intent : home.read(rows -> new Intents(rows).all())) {
      if (isDead(intent)) {
        line(
            "intent",
            intent.operation() + " " + intent.seq(),
            0,
            "begun by " + intent.holder().inWords() + ", which is gone",
            () -> new Recovery(home.journal()).run(List.of(intent)));
      }
    }
  }

  private boolean isDead(Intent intent) throws IOException {
    try (Lease lease = home.leases().intent(intent.seq())) {
      return lease != null;
    }
  }

  /** A snapshot that could go. */
  private record Candidate(BoxRow box, SnapshotRow snapshot, long bytes) {}

  private void snapshots() throws IOException {
    List<Candidate> byUse = candidates();
    Integer keep = request.keepSnapshots();
    Duration olderThan = request.olderThan();
    Long maxSize = request.maxSizeBytes();
    int left = byUse.size();
    long bytesLeft = byUse.stream().mapToLong(Candidate::bytes).sum();
    Instant now = home.now();
    for (Candidate each : byUse) {
      List<String> reasons = new ArrayList<>();
      if (keep != null && left > keep) {
        reasons.add("more than " + keep + " snapshots");
      }
      if (olderThan != null && each.snapshot().lastUsedAt().plus(olderThan).isBefore(now)) {
        reasons.add("not used since " + each.snapshot().lastUsedAt());
      }
      if (maxSize != null && bytesLeft > maxSize) {
        reasons.add("more than " + maxSize + " bytes in snapshots");
      }
      if (!reasons.isEmpty()) {
        String name = each.box().name() + "/" + each.snapshot().name();
        int before = lines.size();
        line(
            "snapshot",
            name,
            each.bytes(),
            String.join("; ", reasons),
            () -> Merging.run(home, each.box().name(), each.snapshot().name(), control));
        if (request.dryRun() || lines.get(before).removed()) {
          left--;
          bytesLeft -= each.bytes();
        }
      }
    }
  }

  /** All snapshots, the one that was not used for longest first. */
  private List<Candidate> candidates() throws IOException {
    if (request.keepSnapshots() == null
        && request.olderThan() == null
        && request.maxSizeBytes() == null) {
      return List.of();
    }
    return home.read(rows -> {
      List<Candidate> found = new ArrayList<>();
      Boxes boxes = new Boxes(rows);
      for (BoxRow box : boxes.all()) {
        for (SnapshotRow snapshot : boxes.snapshots(box.id()).reversed()) {
          long bytes = 0;
          for (DiskRow disk : boxes.snapshotDisks(snapshot.id())) {
            bytes += allocated(home.layout().resolve(disk.image().file()));
          }
          found.add(new Candidate(box, snapshot, bytes));
        }
      }
      found.sort(Comparator.comparing(each -> each.snapshot().lastUsedAt()));
      return found;
    });
  }

  private long allocated(Path file) throws IOException {
    try {
      return home.volume().linkStatus(file).allocatedBytes();
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  private void layers() throws IOException {
    for (ImageRow image : home.read(rows -> new Images(rows).all())) {
      if (image.kind().frozen() && isUnneeded(image)) {
        Path file = home.layout().resolve(image.file());
        line(
            "layer",
            image.file(),
            allocated(file),
            "nothing lies on it, and it is no snapshot's",
            () -> remove(image));
      }
    }
  }

  private boolean isUnneeded(ImageRow image) throws IOException {
    return home.read(rows -> {
      Images images = new Images(rows);
      return images.children(image.id()).isEmpty() && !images.inSnapshot(image.id());
    });
  }

  private void remove(ImageRow image) throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      Unneeded unneeded = new Unneeded(home);
      unneeded.drop(image);
      Draft draft = new Draft();
      unneeded.addTo(draft, held);
      home.journal().run(draft.intent(home, "collect", null), draft::makeAll);
    }
  }

  private void orphans() throws IOException {
    for (Path orphan : Orphans.find(home)) {
      line(
          "orphan",
          home.layout().home().relativize(orphan).toString(),
          allocated(orphan),
          "the catalogue does not know it",
          () -> remove(orphan));
    }
  }

  private void remove(Path orphan) throws IOException {
    Path directory = orphan.getParent();
    if (directory == null || !Orphans.find(home).contains(orphan)) {
      return;
    }
    home.volume().unlink(orphan);
    home.volume().syncDirectory(directory);
  }
}
