package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Removes a snapshot that others depend on: the data that they need of it moves into them first.
 * Each of them shows the same at every moment, so that a merge which is cut short may be begun
 * again.
 */
public final class Merging {

  private Merging() {}

  /**
   * Merges snapshots into what lies on them, and removes them, one after the other; none when one
   * is not there. Says how data came into what lies on them.
   */
  public static CopyResult run(Home home, String boxName, List<String> names, JobControl control)
      throws IOException {
    SnapshotRemoval.requireAll(home, boxName, names);
    HeaderAgreement headers = new HeaderAgreement(home);
    List<CopyResult> moved = new ArrayList<>();
    OneByOne.remove(names, name -> moved.add(run(home, boxName, name, headers, control)));
    return moved.stream().reduce(CopyResult.NONE, CopyResult::plus);
  }

  /**
   * What a removal did.
   *
   * @param gone the layers that went
   * @param moved how data came into what lay on them
   */
  record Merged(List<ImageRow> gone, CopyResult moved) {}

  /** What becomes of a layer that several images lie on. */
  private enum Shared {
    /** Its data moves into each of them: it goes, at the price of a copy for each. */
    MERGED,
    /** It stays as their base, until the last of them goes. */
    KEPT
  }

  private static CopyResult run(
      Home home, String boxName, String name, HeaderAgreement headers, JobControl control)
      throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box = home.lock(boxName, held);
      SnapshotRow snapshot = home.read(rows -> new Boxes(rows).snapshot(box, name));
      return merge(home, box, snapshot, Shared.MERGED, headers, held, control).moved();
    }
  }

  /**
   * Removes one that was chosen a while ago, if it still is what was chosen then: others may have
   * removed it since, and made another of its name, or used it. A layer that several images lie on
   * stays.
   */
  static Merged evict(
      Home home, BoxRow box, SnapshotRow chosen, HeaderAgreement headers, JobControl control)
      throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      BoxRow now = home.lock(box.name(), held);
      requireAsChosen(home, now, chosen);
      return merge(home, now, chosen, Shared.KEPT, headers, held, control);
    }
  }

  /** Requires that a box still has a snapshot, and that nobody has used it since it was read. */
  static void requireAsChosen(Home home, BoxRow box, SnapshotRow chosen) throws IOException {
    SnapshotRow now = home.read(rows -> new Boxes(rows).snapshotById(chosen.id()));
    String named = "snapshot '" + chosen.name() + "' of box '" + box.name() + "'";
    if (now == null) {
      throw new BoxNotFoundException(named + " was removed meanwhile");
    } else if (!chosen.boxId().equals(box.id())) {
      throw new BoxNotFoundException("box '" + box.name() + "' is another one meanwhile");
    } else if (!now.lastUsedAt().equals(chosen.lastUsedAt())) {
      throw new InUseException(named + " was used meanwhile", null);
    }
  }

  private static Merged merge(
      Home home,
      BoxRow box,
      SnapshotRow snapshot,
      Shared shared,
      HeaderAgreement headers,
      LeaseSet held,
      JobControl control)
      throws IOException {
    List<ImageRow> layers = new ArrayList<>();
    for (ImageRow layer : SnapshotRemoval.layers(home, snapshot)) {
      List<ImageRow> children = children(home, layer);
      if (shared == Shared.MERGED || children.size() <= 1) {
        layers.add(layer);
      } else {
        requireAgreement(home, headers, layer, children);
      }
    }
    // All are asked before one is changed.
    for (ImageRow layer : layers) {
      requireFree(home, headers, layer);
    }
    if (shared == Shared.KEPT) {
      // Whoever was at it has ended since, and has noted that he used it.
      requireAsChosen(home, box, snapshot);
    }
    eachChild(home, box, layers, (layer, child) -> {});
    List<CopyResult> moved = new ArrayList<>();
    eachChild(
        home,
        box,
        layers,
        (layer, child) -> moved.add(Rebasing.run(home, box, child, layer.parent(), control)));
    List<ImageRow> gone =
        shared == Shared.KEPT
            ? SnapshotRemoval.release(home, box, snapshot, headers, held)
            : SnapshotRemoval.remove(home, box, snapshot, headers, held);
    return new Merged(gone, moved.stream().reduce(CopyResult.NONE, CopyResult::plus));
  }

  /** Requires that what lies on a layer by the headers does so by the catalogue, and no more. */
  static void requireAgreement(
      Home home, HeaderAgreement headers, ImageRow layer, List<ImageRow> children)
      throws IOException {
    headers.requireNoOthersOn(layer);
    for (ImageRow child : children) {
      HeaderAgreement.requireAsNoted(home, child);
    }
  }

  static List<ImageRow> children(Home home, ImageRow layer) throws IOException {
    return home.read(rows -> new Images(rows).children(layer.id()));
  }

  /**
   * Finds what would stand in the way of merging layers of a snapshot, and changes nothing but the
   * outlook; says which layers would go.
   *
   * @param step what is to be known of each that would be moved, while nobody else uses it
   */
  static List<ImageRow> rehearse(
      Home home,
      BoxRow box,
      List<ImageRow> layers,
      HeaderAgreement headers,
      Outlook outlook,
      Step step)
      throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      home.lockAsItIs(box, held);
      List<ImageRow> going = outlook.going(layers);
      for (ImageRow layer : going) {
        requireFree(home, headers, layer);
      }
      for (ImageRow layer : layers) {
        for (ImageRow child : outlook.children(layer)) {
          try (LeaseSet still = new LeaseSet()) {
            hold(home, box, child, still);
            HeaderAgreement.requireAsNoted(home, child);
            step.run(layer, child);
          }
        }
      }
      outlook.remove(going);
      return going;
    }
  }

  /**
   * Requires that nobody reads a layer, and that what lies on it by the headers does so by the
   * catalogue. Who lays an image on it holds it from before the header says so until the catalogue
   * does: the two are asked while nobody can.
   */
  private static void requireFree(Home home, HeaderAgreement headers, ImageRow layer)
      throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      home.leaseForChanging(layer, held);
      headers.requireNoOthersOn(layer);
    }
  }

  /** What is done with an image that lies right on a layer, while nobody else uses it. */
  interface Step {
    void run(ImageRow layer, ImageRow child) throws IOException;
  }

  private static void eachChild(Home home, BoxRow box, List<ImageRow> layers, Step step)
      throws IOException {
    for (ImageRow layer : layers) {
      for (ImageRow child : children(home, layer)) {
        child(home, box, layer, child, step);
      }
    }
  }

  private static void child(Home home, BoxRow box, ImageRow layer, ImageRow child, Step step)
      throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      hold(home, box, child, held);
      // Before it was held, others may have removed it, or laid it on something else.
      ImageRow now = home.read(rows -> new Images(rows).byId(child.id()));
      if (now != null && new Parent.Inside(layer.id()).equals(now.parent())) {
        HeaderAgreement.requireAsNoted(home, now);
        step.run(layer, now);
      }
    }
  }

  private static void hold(Home home, BoxRow box, ImageRow child, LeaseSet held)
      throws IOException {
    if (child.kind().frozen()) {
      home.leaseForChanging(child, held);
    } else {
      requireStill(home, box, child, held);
    }
  }

  /** A live disk is written to by nobody but us. */
  private static void requireStill(Home home, BoxRow box, ImageRow child, LeaseSet held)
      throws IOException {
    BoxRow owner = home.read(rows -> new Boxes(rows).boxOf(child.id()));
    if (owner == null) {
      return;
    }
    home.requireUsable(owner);
    if (owner.id().equals(box.id())) {
      home.requireStopped(owner);
      return;
    }
    Lease lease = home.leases().operation(owner.seq());
    if (lease == null) {
      throw new InUseException("box '" + owner.name() + "' is being worked on", home.worker(owner));
    }
    held.add(lease);
    BoxRow now = home.endLeft(owner);
    if (now != null) {
      home.requireUsable(now);
      home.requireStopped(now);
    }
  }
}
