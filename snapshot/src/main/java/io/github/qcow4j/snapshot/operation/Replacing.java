package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.BoxStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The part that all restores share: other disks take the places of the live ones of a stopped,
 * locked box, and what they replace is kept for {@link Undoing}. For one thread.
 */
final class Replacing {

  private final Home home;
  private final BoxRow box;
  private final Draft draft;
  private final Instant now;
  private final String operationId;

  Replacing(Home home, BoxRow box, Draft draft, Instant now) {
    this.home = home;
    this.box = box;
    this.draft = draft;
    this.now = now;
    this.operationId = home.ids().next();
  }

  /**
   * What takes the place of a live disk.
   *
   * @param sizeBytes size of the disk
   * @param parent what it lies on, or null
   * @param maker makes it
   */
  record NewDisk(long sizeBytes, @Nullable Parent parent, Maker maker) {}

  /** Makes a file, complete and durable but for its name. */
  @FunctionalInterface
  interface Maker {

    /**
     * Makes it.
     *
     * @param like the file whose permissions it gets, or null for its owner alone
     */
    void make(Path path, @Nullable Path like) throws IOException;
  }

  /** Comes first, once all that could refuse has been asked: ends a quarantine, and older undos. */
  void begin(LeaseSet held) throws IOException {
    if (isQuarantined()) {
      Quarantine.abandonIntents(home, box);
      draft.change(Change.setStatus(box.id(), BoxStatus.STOPPED));
    }
    Forgetting.add(home, draft, box, held);
    Carrying.keep(draft, box);
  }

  private boolean isQuarantined() {
    return box.status() == BoxStatus.QUARANTINED;
  }

  /** The name of what is kept of a disk. */
  String keptFile(DiskRow disk) {
    return HomeLayout.kept(box.id(), disk.role(), operationId);
  }

  /** Notes what is kept of a disk. */
  void keep(DiskRow disk, String file, long sizeBytes, @Nullable Parent parent) {
    String keptId = home.ids().next();
    String format = ImageFormat.QCOW2.label();
    draft.change(Change.addImage(keptId, ImageKind.KEPT, file, format, sizeBytes, now, box.id()));
    draft.change(Change.link(keptId, parent));
    draft.change(Change.keep(box.id(), disk.role(), keptId));
  }

  /**
   * Adds to the draft that a new disk takes the place of a live one.
   *
   * @param open where to leave the open live image, which keeps QEMU from writing to it
   */
  void exchange(DiskRow disk, NewDisk fresh, LeaseSet open) throws IOException {
    ImageRow image = disk.image();
    Path live = home.layout().resolve(image.file());
    if (isQuarantined() && !home.volume().exists(live)) {
      draft.make(image.file(), () -> fresh.maker().make(live, null));
    } else {
      long presentSize = presentSize(image, live, open);
      String next = HomeLayout.next(box.id(), disk.role(), operationId);
      String kept = keptFile(disk);
      draft.make(next, () -> fresh.maker().make(home.layout().resolve(next), live));
      long inode = home.volume().status(live).identity().inode();
      draft.switches.add(new FileSwitch(FileSwitch.Kind.EXCHANGE, image.file(), kept, next, inode));
      keep(disk, kept, presentSize, image.parent());
    }
    draft.change(Change.link(image.id(), fresh.parent()));
    draft.change(Change.resizeImage(image.id(), fresh.sizeBytes()));
  }

  /** A disk under quarantine may be no image any more, or on storage that no longer gives it. */
  private long presentSize(ImageRow image, Path live, LeaseSet open) throws IOException {
    try {
      DiskImage present = NewImages.openAlone(home.volume(), live, ImageFormat.QCOW2);
      open.add(present);
      return present.virtualSize();
    } catch (InUseException e) {
      throw e;
    } catch (IOException e) {
      if (!isQuarantined()) {
        throw e;
      }
      return image.virtualSizeBytes();
    }
  }
}
