package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The part that snapshots and clones of a stopped box share: a live disk becomes a layer, and an
 * empty child of it the live disk. No byte is copied.
 */
final class Freezing {

  private final Home home;
  private final Draft draft;
  private final BoxRow box;
  private final LeaseSet open;
  private final Instant now;

  /**
   * @param open where to leave the open images, which keep QEMU from writing to them until the
   *     operation is over
   */
  Freezing(Home home, Draft draft, BoxRow box, LeaseSet open, Instant now) {
    this.home = home;
    this.draft = draft;
    this.box = box;
    this.open = open;
    this.now = now;
  }

  /**
   * A disk that will be frozen.
   *
   * @param below the layer that it will be
   * @param file that layer's file, as the catalogue names it
   * @param sizeBytes size of the disk
   */
  record Frozen(Below below, String file, long sizeBytes) {}

  /** Adds what freezes a live disk to the draft; returns the layer that it will be. */
  Frozen freeze(DiskRow disk, ImageKind kind, String layerId) throws IOException {
    return freeze(disk, kind, layerId, null);
  }

  /**
   * The same with a new live disk that lies on another image.
   *
   * @param restored what the new live disk is to show, or null for what the old one shows
   */
  Frozen freeze(DiskRow disk, ImageKind kind, String layerId, @Nullable ImageRow restored)
      throws IOException {
    ImageRow image = disk.image();
    Path live = home.layout().resolve(image.file());
    DiskImage present = NewImages.openAlone(home.volume(), live, ImageFormat.QCOW2);
    open.add(present);
    long size = present.virtualSize();
    String layerFile = HomeLayout.layer(layerId, ImageFormat.QCOW2);
    String next = HomeLayout.next(box.id(), disk.role(), layerId);
    Below below = Below.layer(layerId, layerFile, ImageFormat.QCOW2.label());
    Below nextBelow = restored == null ? below : Below.layer(restored);
    long nextSize = restored == null ? size : restored.virtualSizeBytes();
    draft.make(
        next,
        () ->
            new NewImages(home.volume())
                .empty(home.layout().resolve(next), nextSize, nextBelow, live));
    draft.switches.add(new FileSwitch(FileSwitch.Kind.FORK, image.file(), layerFile, next, 0));
    draft.change(
        Change.addImage(layerId, kind, layerFile, ImageFormat.QCOW2.label(), size, now, box.id()));
    if (image.parent() != null) {
      draft.change(Change.link(layerId, image.parent()));
    }
    draft.change(Change.link(image.id(), nextBelow.parent()));
    draft.change(Change.resizeImage(image.id(), nextSize));
    return new Frozen(below, layerFile, size);
  }
}
