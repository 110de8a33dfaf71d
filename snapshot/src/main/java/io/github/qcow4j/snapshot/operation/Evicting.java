package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected.Cause;
import io.github.qcow4j.snapshot.operation.CollectedLines.Candidate;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Removes snapshots beyond the limits of a collection, those first not used for longest. */
final class Evicting {

  private final Home home;
  private final CollectRequest request;
  private final JobControl control;
  private final HeaderAgreement headers;
  private final CollectedLines lines;
  private final LayerBytes bytes;
  private final Outlook outlook;

  Evicting(
      Home home,
      CollectRequest request,
      JobControl control,
      HeaderAgreement headers,
      CollectedLines lines,
      LayerBytes bytes,
      Outlook outlook) {
    this.home = home;
    this.request = request;
    this.control = control;
    this.headers = headers;
    this.lines = lines;
    this.bytes = bytes;
    this.outlook = outlook;
  }

  /** A snapshot that could go. */
  private record Evictable(BoxRow box, SnapshotRow snapshot, List<ImageRow> layers) {}

  void run() throws IOException {
    List<Evictable> byUse = evictable();
    long left = byUse.size();
    long bytesLeft = 0;
    for (Evictable each : byUse) {
      bytesLeft += bytes.of(each.layers());
    }
    for (Evictable each : byUse) {
      Map<Cause, String> reasons = reasons(each.snapshot(), left, bytesLeft);
      if (!reasons.isEmpty() && evict(each, reasons)) {
        left--;
        bytesLeft -= bytes.of(each.layers());
      }
    }
  }

  private boolean evict(Evictable each, Map<Cause, String> reasons) throws IOException {
    long taken = bytes.of(each.layers());
    Candidate evicted =
        new Candidate(
            "snapshot",
            each.box().name() + "/" + each.snapshot().name(),
            taken,
            List.copyOf(reasons.keySet()),
            String.join("; ", reasons.values()));
    List<ImageRow> along = new ArrayList<>();
    boolean gone =
        lines.remove(
            evicted,
            () -> {
              along.addAll(Merging.rehearse(home, each.box(), each.snapshot(), headers, outlook));
              return taken;
            },
            () -> {
              along.addAll(
                  Merging.run(home, each.box().name(), each.snapshot().name(), headers, control));
              return taken;
            });
    bytes.sayGoneAlong(along, each.layers(), lines);
    return gone;
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
    List<Evictable> found = new ArrayList<>();
    for (BoxRow box : home.read(rows -> new Boxes(rows).all())) {
      for (SnapshotRow snapshot :
          home.read(rows -> new Boxes(rows).snapshots(box.id())).reversed()) {
        found.add(new Evictable(box, snapshot, SnapshotRemoval.layers(home, snapshot)));
      }
    }
    found.sort(Comparator.comparing(each -> each.snapshot().lastUsedAt()));
    return found;
  }
}
