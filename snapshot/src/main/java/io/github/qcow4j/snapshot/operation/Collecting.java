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
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.journal.Recovery;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.Collected.Cause;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Removes what is of no use to anybody, and snapshots beyond the limits that were set. */
public final class Collecting {

  private final Home home;
  private final CollectRequest request;
  private final JobControl control;
  private final HeaderAgreement headers;
  private final List<Collected> lines = new ArrayList<>();

  private Collecting(Home home, CollectRequest request, JobControl control) {
    this.home = home;
    this.request = request;
    this.control = control;
    this.headers = new HeaderAgreement(home);
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

  /** Something that goes, why, and how. */
  private record Candidate(
      String kind, String name, long bytes, List<Cause> causes, String reason) {

    Collected told(boolean removed, @Nullable String hindrance) {
      return new Collected(kind, name, bytes, causes, reason, removed, hindrance);
    }
  }

  private boolean line(Candidate candidate, Removal removal) throws IOException {
    return line(candidate, () -> {}, removal);
  }

  /**
   * Removes it, or says why not; returns whether it is gone, or would be.
   *
   * @param rehearsal what a dry run does instead, which finds the same hindrances
   */
  private boolean line(Candidate candidate, Removal rehearsal, Removal removal) throws IOException {
    try {
      control.checkpoint();
      if (request.dryRun()) {
        rehearsal.run();
      } else {
        removal.run();
      }
      lines.add(candidate.told(!request.dryRun(), null));
      return true;
    } catch (BoxException | ImageException e) {
      lines.add(candidate.told(false, e.getMessage()));
      return false;
    }
  }

  private void intents() throws IOException {
    for (Intent intent : home.read(rows -> new Intents(rows).all())) {
      if (isDead(intent)) {
        Candidate ended =
            new Candidate(
                "intent",
                intent.operation() + " " + intent.seq(),
                0,
                List.of(Cause.FINISHED_INTENT),
                "begun by " + intent.holder().inWords() + ", which is gone");
        line(ended, () -> new Recovery(home.journal()).run(List.of(intent)));
      }
    }
  }

  private boolean isDead(Intent intent) throws IOException {
    try (Lease lease = home.leases().intent(intent.seq())) {
      return lease != null;
    }
  }

  /** A snapshot that could go. */
  private record Evictable(BoxRow box, SnapshotRow snapshot, long bytes) {}

  private void snapshots() throws IOException {
    List<Evictable> byUse = evictable();
    long left = byUse.size();
    long bytesLeft = byUse.stream().mapToLong(Evictable::bytes).sum();
    for (Evictable each : byUse) {
      Map<Cause, String> reasons = reasons(each.snapshot(), left, bytesLeft);
      if (!reasons.isEmpty()) {
        Candidate evicted =
            new Candidate(
                "snapshot",
                each.box().name() + "/" + each.snapshot().name(),
                each.bytes(),
                List.copyOf(reasons.keySet()),
                String.join("; ", reasons.values()));
        if (line(
            evicted,
            () -> Merging.run(home, each.box().name(), each.snapshot().name(), headers, control))) {
          left--;
          bytesLeft -= each.bytes();
        }
      }
    }
  }

  private Map<Cause, String> reasons(SnapshotRow snapshot, long left, long bytesLeft) {
    Map<Cause, String> reasons = new LinkedHashMap<>();
    Integer keep = request.keepSnapshots();
    Duration olderThan = request.olderThan();
    Long maxSize = request.maxSizeBytes();
    if (keep != null && left > keep) {
      reasons.put(Cause.LRU_KEEP, "more than " + keep + " snapshots");
    }
    Duration unused = Duration.between(snapshot.lastUsedAt(), home.now());
    if (olderThan != null && unused.compareTo(olderThan) > 0) {
      reasons.put(Cause.LRU_AGE, "not used since " + snapshot.lastUsedAt());
    }
    if (maxSize != null && bytesLeft > maxSize) {
      reasons.put(Cause.LRU_SIZE, "more than " + maxSize + " bytes in snapshots");
    }
    return reasons;
  }

  /** All snapshots, the one that was not used for longest first. */
  private List<Evictable> evictable() throws IOException {
    if (request.keepSnapshots() == null
        && request.olderThan() == null
        && request.maxSizeBytes() == null) {
      return List.of();
    }
    return home.read(rows -> {
      List<Evictable> found = new ArrayList<>();
      Boxes boxes = new Boxes(rows);
      for (BoxRow box : boxes.all()) {
        for (SnapshotRow snapshot : boxes.snapshots(box.id()).reversed()) {
          long bytes = 0;
          for (DiskRow disk : boxes.snapshotDisks(snapshot.id())) {
            bytes += allocated(home.layout().resolve(disk.image().file()));
          }
          found.add(new Evictable(box, snapshot, bytes));
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
        Candidate unneeded =
            new Candidate(
                "layer",
                image.file(),
                allocated(home.layout().resolve(image.file())),
                List.of(Cause.UNNEEDED_BASE),
                "nothing lies on it, and it is no snapshot's");
        line(unneeded, () -> remove(image));
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
      Unneeded unneeded = new Unneeded(home, headers);
      unneeded.drop(image);
      Draft draft = new Draft();
      unneeded.addTo(draft, held);
      home.journal().run(draft.intent(home, "collect", null), draft::makeAll);
    }
  }

  private void orphans() throws IOException {
    Orphans orphans = new Orphans(home);
    for (Path orphan : orphans.find()) {
      line(
          orphan(orphan, allocated(orphan)),
          () -> orphans.requireUnneeded(orphan),
          () -> orphans.remove(orphan));
    }
    for (String name : StagingArea.names(home)) {
      try (StagingArea abandoned = StagingArea.abandoned(home, name)) {
        if (abandoned != null) {
          line(
              orphan(abandoned.directory(), abandoned.allocatedBytes()),
              abandoned::requireFilesAlone,
              abandoned::clear);
        }
      }
    }
    for (Path stray : StagingArea.strays(home)) {
      line(orphan(stray, allocated(stray)), () -> leave(stray), () -> leave(stray));
    }
  }

  private void leave(Path stray) throws WrongStateException {
    throw new WrongStateException(
        "whoever put '%s' there may still make a box of it; move it away if nobody does"
            .formatted(home.layout().home().relativize(stray)));
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
