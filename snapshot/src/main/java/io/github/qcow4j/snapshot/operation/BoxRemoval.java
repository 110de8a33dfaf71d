package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Rows;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.error.DependedOnException;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.BoxStatus;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Removes a box with its snapshots. Layers that others need stay for them, and go when the last of
 * them does.
 */
public final class BoxRemoval {

  private BoxRemoval() {}

  /** Removes it. */
  public static void run(Home home, String name, boolean force) throws IOException {
    try (LeaseSet held = new LeaseSet();
        LeaseSet open = new LeaseSet()) {
      BoxRow box = home.lock(name, held);
      if (!force) {
        home.requireStopped(box);
        requireNoWriter(home, box, open);
      }
      if (box.status() == BoxStatus.QUARANTINED) {
        Quarantine.abandonIntents(home, box);
      }
      remove(home, box, force, held);
    }
  }

  /**
   * Requires that no program writes to the live disks, whether it is known or not. Of a disk that
   * is gone or damaged nothing is asked but that: the box may be removed because of it.
   */
  private static void requireNoWriter(Home home, BoxRow box, LeaseSet open) throws IOException {
    for (DiskRow disk : home.read(rows -> new Boxes(rows).disks(box.id()))) {
      try {
        open.add(NewImages.openFile(home.volume(), home.layout().resolve(disk.image().file())));
      } catch (NoSuchFileException e) {
        // What is not there is not written to.
      }
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
    Carrying.remove(home, draft, box);
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
    Set<String> own = new HashSet<>();
    layers.forEach(layer -> own.add(layer.id()));
    List<String> dependants = new ArrayList<>();
    home.read(rows -> {
      for (ImageRow layer : layers) {
        if (!going.containsKey(layer.id())) {
          addUsers(rows, layer, own, dependants);
        }
      }
      return dependants;
    });
    if (!dependants.isEmpty()) {
      throw new DependedOnException(
          "box '%s' has layers that others need; remove these first, or force it"
              .formatted(box.name()),
          dependants.stream().distinct().toList());
    }
  }

  /** What people can remove of what lies on a layer: a base in between has no name for them. */
  private static void addUsers(Rows rows, ImageRow layer, Set<String> own, List<String> users)
      throws IOException {
    for (ImageRow child : new Images(rows).children(layer.id())) {
      if (own.contains(child.id())) {
        continue;
      }
      if (child.kind().frozen() && new Boxes(rows).snapshotOf(child.id()) == null) {
        addUsers(rows, child, own, users);
      } else {
        users.add(SnapshotRemoval.inWords(rows, child));
      }
    }
  }
}
