package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import java.io.IOException;
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
   * is not there.
   */
  public static void run(Home home, String boxName, List<String> names, JobControl control)
      throws IOException {
    SnapshotRemoval.requireAll(home, boxName, names);
    HeaderAgreement headers = new HeaderAgreement(home);
    for (String name : names) {
      run(home, boxName, name, headers, control);
    }
  }

  /** One of several removals, for all of which headers are asked once; says which layers went. */
  static List<ImageRow> run(
      Home home, String boxName, String name, HeaderAgreement headers, JobControl control)
      throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box = home.lock(boxName, held);
      SnapshotRow snapshot = home.read(rows -> new Boxes(rows).snapshot(box, name));
      List<DiskRow> disks = home.read(rows -> new Boxes(rows).snapshotDisks(snapshot.id()));
      // All are asked before one is changed.
      for (DiskRow disk : disks) {
        headers.requireNoOthersOn(disk.image());
        requireUnread(home, disk.image());
      }
      eachChild(home, box, disks, (layer, child) -> {});
      eachChild(
          home,
          box,
          disks,
          (layer, child) -> Rebasing.run(home, box, child, layer.parent(), control));
      return SnapshotRemoval.remove(home, box, snapshot, headers, held);
    }
  }

  /**
   * Finds what would stand in the way of one, and changes nothing but the outlook; says which
   * layers would go.
   */
  static List<ImageRow> rehearse(
      Home home, BoxRow box, SnapshotRow snapshot, HeaderAgreement headers, Outlook outlook)
      throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      home.lockAsItIs(box, held);
      List<ImageRow> layers = SnapshotRemoval.layers(home, snapshot);
      List<ImageRow> going = outlook.going(layers);
      for (ImageRow layer : going) {
        headers.requireNoOthersOn(layer);
        requireUnread(home, layer);
      }
      for (ImageRow layer : layers) {
        for (ImageRow child : outlook.children(layer)) {
          try (LeaseSet still = new LeaseSet()) {
            hold(home, box, child, still);
            HeaderAgreement.requireAsNoted(home, child);
          }
        }
      }
      outlook.remove(going);
      return going;
    }
  }

  /** Requires that nobody reads a layer at this moment. */
  private static void requireUnread(Home home, ImageRow layer) throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      home.leaseForChanging(layer, held);
    }
  }

  /** What is done with an image that lies right on a layer, while nobody else uses it. */
  private interface Step {
    void run(ImageRow layer, ImageRow child) throws IOException;
  }

  private static void eachChild(Home home, BoxRow box, List<DiskRow> disks, Step step)
      throws IOException {
    for (DiskRow disk : disks) {
      ImageRow layer = disk.image();
      for (ImageRow child : home.read(rows -> new Images(rows).children(layer.id()))) {
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
    home.requireStopped(owner);
  }
}
