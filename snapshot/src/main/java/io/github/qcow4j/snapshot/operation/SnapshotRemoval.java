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
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Removes a snapshot that nothing depends on. */
public final class SnapshotRemoval {

  private SnapshotRemoval() {}

  /**
   * Removes them, one after the other, none when one is not there; running boxes are no hindrance,
   * for none of theirs goes.
   */
  public static void run(Home home, String boxName, List<String> names) throws IOException {
    requireAll(home, boxName, names);
    HeaderAgreement headers = new HeaderAgreement(home);
    OneByOne.remove(
        names,
        name -> {
          try (LeaseSet held = new LeaseSet()) {
            BoxRow box = home.lock(boxName, held);
            SnapshotRow snapshot = home.read(rows -> new Boxes(rows).snapshot(box, name));
            remove(home, box, snapshot, headers, held);
          }
        });
  }

  /** Requires that they are there, before the first of them goes. */
  static void requireAll(Home home, String boxName, List<String> names) throws IOException {
    home.read(rows -> {
      Boxes boxes = new Boxes(rows);
      BoxRow box = boxes.named(boxName);
      for (String name : names) {
        boxes.snapshot(box, name);
      }
      return box;
    });
  }

  /** Removes one; says which layers went. */
  static List<ImageRow> remove(
      Home home, BoxRow box, SnapshotRow snapshot, HeaderAgreement headers, LeaseSet held)
      throws IOException {
    List<String> dependants = new ArrayList<>();
    for (ImageRow layer : layers(home, snapshot)) {
      dependants.addAll(dependants(home, layer));
    }
    if (!dependants.isEmpty()) {
      throw new DependedOnException(
          "snapshot '%s' of box '%s' is needed; remove these first, or merge it into them"
              .formatted(snapshot.name(), box.name()),
          dependants.stream().distinct().toList());
    }
    return release(home, box, snapshot, headers, held);
  }

  /** The same whatever depends on it: layers that others lie on stay for them as bases. */
  static List<ImageRow> release(
      Home home, BoxRow box, SnapshotRow snapshot, HeaderAgreement headers, LeaseSet held)
      throws IOException {
    Unneeded unneeded = new Unneeded(home, headers);
    unneeded.dropSnapshot(snapshot.id());
    layers(home, snapshot).forEach(unneeded::drop);
    Draft draft = new Draft();
    draft.change(Change.dropSnapshot(snapshot.id()));
    List<ImageRow> gone = unneeded.addTo(draft, held);
    home.journal().run(draft.intent(home, Operations.REMOVE_SNAPSHOT, box.id()), draft::makeAll);
    return gone;
  }

  /** What the disks of a snapshot are. */
  static List<ImageRow> layers(Home home, SnapshotRow snapshot) throws IOException {
    return home.read(
        rows -> new Boxes(rows).snapshotDisks(snapshot.id()).stream().map(DiskRow::image).toList());
  }

  /** What lies right on an image, in words. */
  static List<String> dependants(Home home, ImageRow image) throws IOException {
    return home.read(rows -> {
      List<String> found = new ArrayList<>();
      for (ImageRow child : new Images(rows).children(image.id())) {
        found.add(inWords(rows, child));
      }
      return found;
    });
  }

  /** What an image is, and what lies right on it, in words. */
  static List<String> neededBy(Home home, ImageRow image) throws IOException {
    List<String> needed = new ArrayList<>();
    needed.add(home.read(rows -> inWords(rows, image)));
    needed.addAll(dependants(home, image));
    return needed.stream().distinct().toList();
  }

  /** What an image is. */
  static String inWords(Rows rows, ImageRow image) throws IOException {
    BoxRow owner = new Boxes(rows).boxOf(image.id());
    SnapshotRow snapshot = new Boxes(rows).snapshotOf(image.id());
    String box = "box '" + (owner == null ? image.id() : owner.name()) + "'";
    return switch (image.kind()) {
      case DISK -> box;
      case KEPT -> "the replaced disk of " + box;
      default ->
          snapshot != null
              ? "snapshot '" + snapshot.name() + "'"
              : image.kind().label() + " '" + image.id() + "'";
    };
  }
}
