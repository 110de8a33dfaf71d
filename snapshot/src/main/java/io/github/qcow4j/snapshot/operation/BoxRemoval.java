package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.error.DependedOnException;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Removes a box with its snapshots. Layers that others need stay for them, and go when the last of
 * them does.
 */
public final class BoxRemoval {

  private BoxRemoval() {}

  /** Removes it. */
  public static void run(Home home, String name, boolean force) throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box = home.lock(name, held);
      if (!force) {
        home.requireStopped(box);
      }
      remove(home, box, force, held);
    }
  }

  private static void remove(Home home, BoxRow box, boolean force, LeaseSet held)
      throws IOException {
    Draft draft = new Draft();
    Unneeded unneeded = new Unneeded(home);
    List<ImageRow> owned = new ArrayList<>();
    home.read(rows -> {
      Boxes boxes = new Boxes(rows);
      boxes.disks(box.id()).forEach(disk -> owned.add(disk.image()));
      boxes.kept(box.id()).forEach(disk -> owned.add(disk.image()));
      for (SnapshotRow snapshot : boxes.snapshots(box.id())) {
        unneeded.dropSnapshot(snapshot.id());
        draft.change(Change.dropSnapshot(snapshot.id()));
        for (DiskRow disk : boxes.snapshotDisks(snapshot.id())) {
          owned.add(disk.image());
        }
      }
      return owned;
    });
    for (ImageRow image : owned) {
      unneeded.drop(image);
    }
    if (!force) {
      requireNobodyElse(home, box, owned, unneeded);
    }
    draft.changes.add(0, Change.dropDisks(box.id()));
    draft.changes.add(0, Change.forgetKept(box.id()));
    unneeded.addTo(draft, held);
    draft.change(Change.dropBox(box.id()));
    home.journal().run(draft.intent(home, Operations.REMOVE, box.id()), draft::makeAll);
  }

  private static void requireNobodyElse(
      Home home, BoxRow box, List<ImageRow> owned, Unneeded unneeded) throws IOException {
    List<ImageRow> layers = new ArrayList<>(owned);
    for (ImageRow image : home.read(rows -> new Images(rows).all())) {
      if (image.kind().frozen() && box.id().equals(image.sourceBoxId())) {
        layers.add(image);
      }
    }
    Map<String, ImageRow> going = unneeded.going();
    List<String> dependants = new ArrayList<>();
    for (ImageRow layer : layers) {
      if (!going.containsKey(layer.id())) {
        dependants.addAll(SnapshotRemoval.dependants(home, layer));
      }
    }
    if (!dependants.isEmpty()) {
      throw new DependedOnException(
          "box '%s' has layers that others need; remove these first, or force it"
              .formatted(box.name()),
          dependants.stream().distinct().toList());
    }
  }
}
