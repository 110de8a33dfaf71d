package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected.Cause;
import io.github.qcow4j.snapshot.operation.CollectedLines.Candidate;
import io.github.qcow4j.snapshot.operation.CollectedLines.Freed;
import io.github.qcow4j.snapshot.operation.CollectedLines.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Removes snapshots beyond the limits of a collection, those first not used for longest. What one
 * image needs of a snapshot moves into it; a layer that several need stays as their base, for a
 * copy in each of them would take more storage than it frees. What has taken up data takes more
 * storage, which is measured before the next one is looked at.
 *
 * <p>One that somebody needs, or has used since they were listed, stays, and counts, and a later
 * one goes for it. One whose removal failed counts as gone: a disk with errors would cost one
 * wanted snapshot after the other. So does one that somebody else has removed meanwhile.
 */
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
    Deque<Evictable> byUse = new ArrayDeque<>(evictable());
    List<Evictable> staying = new ArrayList<>();
    long leftBehindBytes = 0;
    while (!byUse.isEmpty()) {
      long bytesLeft = leftBehindBytes + bytes(byUse) + bytes(staying);
      Evictable next = byUse.remove();
      Map<Cause, String> reasons =
          reasons(next.snapshot(), byUse.size() + staying.size() + 1, bytesLeft);
      List<ImageRow> shared = shared(next);
      Outcome outcome = reasons.isEmpty() ? Outcome.STAYS : evict(next, shared, reasons);
      switch (outcome) {
        case GONE -> leftBehindBytes += bytes.of(shared);
        case STAYS -> {
          if (isThere(next)) {
            staying.add(next);
          }
        }
        case FAILED -> {}
      }
    }
  }

  /** Whether nobody else has removed it meanwhile. */
  private boolean isThere(Evictable each) throws IOException {
    return home.read(rows -> new Boxes(rows).snapshotById(each.snapshot().id())) != null;
  }

  private long bytes(Collection<Evictable> snapshots) throws IOException {
    long sum = 0;
    for (Evictable each : snapshots) {
      sum += bytes.of(each.layers());
    }
    return sum;
  }

  private List<ImageRow> children(ImageRow layer) throws IOException {
    return lines.dryRun() ? outlook.children(layer) : Merging.children(home, layer);
  }

  /** The layers of a snapshot that stay, for moving them into all that need them costs storage. */
  private List<ImageRow> shared(Evictable each) throws IOException {
    List<ImageRow> shared = new ArrayList<>();
    for (ImageRow layer : each.layers()) {
      if (children(layer).size() > 1) {
        shared.add(layer);
      }
    }
    return shared;
  }

  private Outcome evict(Evictable each, List<ImageRow> shared, Map<Cause, String> reasons)
      throws IOException {
    Candidate evicted = candidate(each, shared, reasons);
    if (shared.size() == each.layers().size() && reasons.keySet().equals(Set.of(Cause.LRU_SIZE))) {
      lines.keep(evicted, "its removal would free nothing");
      return Outcome.STAYS;
    }
    List<ImageRow> along = new ArrayList<>();
    Outcome outcome =
        lines.remove(
            evicted, () -> rehearse(each, shared, along), () -> merge(each, shared, along));
    bytes.sayGoneAlong(along, each.layers(), lines);
    return outcome;
  }

  private Candidate candidate(Evictable each, List<ImageRow> shared, Map<Cause, String> reasons)
      throws IOException {
    List<String> words = new ArrayList<>(reasons.values());
    int dependants = 0;
    for (ImageRow layer : shared) {
      dependants += children(layer).size();
    }
    if (dependants > 0) {
      words.add("what " + dependants + " images lie on stays for them");
    }
    return new Candidate(
        "snapshot",
        each.box().name() + "/" + each.snapshot().name(),
        bytes.of(each.layers()),
        List.copyOf(reasons.keySet()),
        String.join("; ", words));
  }

  private static List<ImageRow> merged(Evictable each, List<ImageRow> shared) {
    return each.layers().stream().filter(layer -> !shared.contains(layer)).toList();
  }

  /** Says how much would be free, as far as tables tell. */
  private Freed rehearse(Evictable each, List<ImageRow> shared, List<ImageRow> along)
      throws IOException {
    Merging.requireAsChosen(home, each.box(), each.snapshot());
    List<ImageRow> merged = merged(each, shared);
    Map<ImageRow, Long> moved = new LinkedHashMap<>();
    for (ImageRow layer : shared) {
      Merging.requireAgreement(home, headers, layer, outlook.children(layer));
    }
    along.addAll(
        Merging.rehearse(
            home,
            each.box(),
            merged,
            headers,
            outlook,
            (layer, child) ->
                moved.merge(
                    child, MovedBytes.of(home, child, layer, outlook.below(layer)), Long::sum)));
    outlook.forgetSnapshotOf(shared);
    long freed = bytes.of(merged);
    for (Map.Entry<ImageRow, Long> child : moved.entrySet()) {
      bytes.add(child.getKey(), child.getValue());
      freed -= child.getValue();
    }
    return Freed.of(Math.max(0, freed));
  }

  /** Says how much is free, for it has been measured. */
  private Freed merge(Evictable each, List<ImageRow> shared, List<ImageRow> along)
      throws IOException {
    List<ImageRow> merged = merged(each, shared);
    List<ImageRow> children = new ArrayList<>();
    for (ImageRow layer : merged) {
      children.addAll(children(layer));
    }
    final long before = bytes.of(merged) + bytes.measureAgain(children);
    Merging.Merged result = Merging.evict(home, each.box(), each.snapshot(), headers, control);
    along.addAll(result.gone());
    return new Freed(freedBytes(before, children), result.moved());
  }

  /** What is gone is gone, also where the storage does not say what is free now. */
  private long freedBytes(long before, List<ImageRow> children) {
    try {
      return Math.max(0, before - bytes.measureAgain(children));
    } catch (IOException e) {
      return 0;
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
