package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.layout.Names;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts the disks of a stopped box back to a snapshot: empty children of its layers take their
 * places, and what they replace is kept for {@link Undoing} until the next operation that writes.
 */
public final class Restoring {

  private final Home home;
  private final BoxRow box;
  private final LeaseSet held;
  private final Draft draft = new Draft();
  private final Instant now;
  private final Replacing replacing;

  private Restoring(Home home, BoxRow box, LeaseSet held) {
    this.home = home;
    this.box = box;
    this.held = held;
    this.now = home.now();
    this.replacing = new Replacing(home, box, draft, now);
  }

  /** Restores. */
  public static Box run(Home home, RestoreRequest request) throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box = home.lock(request.box(), held);
      home.requireStopped(box);
      if (request.keep() != null) {
        home.requireUsable(box);
      }
      SnapshotRow snapshot = home.read(rows -> new Boxes(rows).snapshot(box, request.snapshot()));
      List<DiskRow> frozen = home.read(rows -> new Boxes(rows).snapshotDisks(snapshot.id()));
      new Restoring(home, box, held).run(snapshot, frozen, request.keep());
    }
    return restored(home, request.box());
  }

  /** The box after it. */
  static Box restored(Home home, String name) throws IOException {
    return Afterwards.see(home, "box '" + name + "' is restored", views -> views.box(name));
  }

  private void run(SnapshotRow snapshot, List<DiskRow> frozen, @Nullable String keep)
      throws IOException {
    try (LeaseSet open = new LeaseSet()) {
      for (DiskRow disk : frozen) {
        requireReadable(home, disk.image(), held);
        LayerRoom.requireOn(home, disk.image());
      }
      replacing.begin(held);
      String keepId = home.ids().next();
      if (keep != null) {
        Names.require("snapshot", keep);
        Snapshotting.requireFree(home, box, keep);
        LayerRoom.requireOnLive(home, box);
        String description = "before restoring " + snapshot.name();
        draft.change(Change.addSnapshot(keepId, box.id(), keep, description, now));
      }
      int position = 0;
      for (DiskRow disk : home.read(rows -> new Boxes(rows).disks(box.id()))) {
        ImageRow layer = sameRole(frozen, disk.role()).image();
        if (keep == null) {
          replacing.exchange(disk, onLayer(layer), open);
        } else {
          fork(disk, layer, keepId, position, open);
        }
        draft.change(Change.useImage(layer.id(), now));
        position++;
      }
      draft.change(Change.useSnapshot(snapshot.id(), now));
      home.runNaming(
          draft.intent(home, Operations.RESTORE, box.id()),
          draft::makeAll,
          "snapshot '" + keep + "'");
    }
  }

  private DiskRow sameRole(List<DiskRow> frozen, String role) throws WrongStateException {
    for (DiskRow disk : frozen) {
      if (disk.role().equals(role)) {
        return disk;
      }
    }
    throw new WrongStateException("the snapshot has no disk '" + role + "'");
  }

  /**
   * Everything below the new disk has to be there and to make sense before the old one goes, and to
   * stay as it is until the catalogue says what the new disk lies on.
   */
  static void requireReadable(Home home, ImageRow image, LeaseSet held) throws IOException {
    home.leaseChainForReading(image, held);
    ImageFormat format = ImageFormat.byLabel(image.format()).orElseThrow();
    Path path = home.layout().resolve(image.file());
    NewImages.open(home.volume(), path, format, home.policy()).close();
  }

  private Replacing.NewDisk onLayer(ImageRow layer) {
    long size = layer.virtualSizeBytes();
    Below below = Below.layer(layer);
    NewImages images = new NewImages(home.volume());
    return new Replacing.NewDisk(
        size, below.parent(), (path, like) -> images.empty(path, size, below, like));
  }

  /** The present disk becomes a layer, and what is kept for undoing a child of that. */
  private void fork(DiskRow disk, ImageRow layer, String keepId, int position, LeaseSet open)
      throws IOException {
    String layerId = home.ids().next();
    Freezing.Frozen present =
        new Freezing(home, draft, box, open, now).freeze(disk, ImageKind.SNAPSHOT, layerId, layer);
    draft.change(Change.addSnapshotDisk(keepId, disk.role(), position, layerId));
    String kept = replacing.keptFile(disk);
    Path live = home.layout().resolve(disk.image().file());
    draft.make(
        kept,
        () ->
            new NewImages(home.volume())
                .empty(home.layout().resolve(kept), present.sizeBytes(), present.below(), live));
    replacing.keep(disk, kept, present.sizeBytes(), present.below().parent());
  }
}
