package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.Box;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts back what the last restore of a box has replaced. */
public final class Undoing {

  private Undoing() {}

  /**
   * Undoes the restore.
   *
   * @param force also when that loses what was written since
   */
  public static Box run(Home home, String boxName, boolean force) throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box = home.lockStopped(boxName, held);
      List<DiskRow> kept = home.read(rows -> new Boxes(rows).kept(box.id()));
      if (kept.isEmpty()) {
        throw new WrongStateException(
            "box '%s' has nothing to undo: it was not restored, or was written to since"
                .formatted(boxName));
      }
      Draft draft = new Draft();
      draft.change(Change.forgetKept(box.id()));
      Carrying.putBack(home, draft, box);
      String operationId = home.ids().next();
      for (DiskRow disk : home.read(rows -> new Boxes(rows).disks(box.id()))) {
        for (DiskRow old : kept) {
          if (old.role().equals(disk.role())) {
            requireSound(home, box, old.image(), held);
            putBack(home, draft, box, disk, old.image(), force, operationId, held);
          }
        }
      }
      home.journal().run(draft.intent(home, Operations.UNDO, box.id()), draft::makeAll);
    }
    return Afterwards.see(
        home, "the restore of box '" + boxName + "' is undone", views -> views.box(boxName));
  }

  /** What was replaced because it was corrupt is not put back. */
  private static void requireSound(Home home, BoxRow box, ImageRow old, LeaseSet held)
      throws IOException {
    try {
      Restoring.requireReadable(home, old, held);
      try (ImageCheck check = ImageCheck.open(home.volume(), home.layout().resolve(old.file()))) {
        if (check.run(finding -> {}, new JobControl()).corruptions() > 0) {
          throw unsound(box, old, "its tables contradict each other", null);
        }
      }
    } catch (CorruptImageException e) {
      Path image = e.image();
      Path kept = home.layout().resolve(old.file());
      String which = image == null || image.equals(kept) ? "" : "'" + image + "' below it: ";
      throw unsound(box, old, which + e.getMessage() + " (" + e.where() + ")", e);
    } catch (NoSuchFileException e) {
      throw unsound(box, old, "'" + e.getFile() + "' is not there", e);
    }
  }

  private static DisagreementException unsound(
      BoxRow box, ImageRow old, String reason, @Nullable IOException cause) {
    DisagreementException unsound =
        new DisagreementException(
            "'%s', which the last restore of box '%s' has replaced, cannot be put back: %s"
                    .formatted(old.file(), box.name(), reason)
                + "; the box stays as it is, restore it to a snapshot if that is not wanted; its"
                + " next snapshot or restore gives up what was replaced");
    if (cause != null) {
      unsound.initCause(cause);
    }
    return unsound;
  }

  /**
   * A restore leaves an empty child of a layer: what is in it now was written since, by whoever has
   * its path, or came from a layer that was merged into it. A disk that lies on no layer of the
   * home came from a directory with data of its own, or has those of the last layer below it, and
   * does not tell.
   */
  private static void requireUntouched(BoxRow box, ImageRow image, DiskImage present)
      throws IOException {
    if (image.parent() instanceof Parent.Inside
        && !(present.virtualSize() == image.virtualSizeBytes() && isEmpty(present))) {
      throw new WrongStateException(
          "box '%s' was written to since the restore, and undoing it loses that: clone the box to"
                  .formatted(box.name())
              + " keep it, or force it");
    }
  }

  private static boolean isEmpty(DiskImage disk) throws IOException {
    if (disk instanceof Qcow2Image qcow2 && !qcow2.snapshots().isEmpty()) {
      return false;
    }
    long offset = 0;
    while (offset < disk.virtualSize()) {
      Extent extent = disk.extentAt(offset, disk.virtualSize() - offset);
      if (extent.kind() != Extent.Kind.UNALLOCATED) {
        return false;
      }
      offset = extent.end();
    }
    return true;
  }

  private static void putBack(
      Home home,
      Draft draft,
      BoxRow box,
      DiskRow disk,
      ImageRow old,
      boolean force,
      String operationId,
      LeaseSet open)
      throws IOException {
    ImageRow image = disk.image();
    Path live = home.layout().resolve(image.file());
    DiskImage present = NewImages.openAlone(home.volume(), live, ImageFormat.QCOW2);
    open.add(present);
    if (!force) {
      requireUntouched(box, image, present);
    }
    String next = HomeLayout.next(box.id(), disk.role(), operationId);
    String replaced = HomeLayout.kept(box.id(), disk.role(), operationId);
    Path oldFile = home.layout().resolve(old.file());
    // A name of its own, for being undone takes the new file's name away.
    draft.make(next, () -> SecondName.give(home.volume(), oldFile, home.layout().resolve(next)));
    long inode = home.volume().status(live).identity().inode();
    draft.switches.add(
        new FileSwitch(FileSwitch.Kind.EXCHANGE, image.file(), replaced, next, inode));
    draft.change(Change.link(old.id(), null));
    draft.change(Change.dropImage(old.id()));
    draft.change(Change.link(image.id(), old.parent()));
    draft.change(Change.resizeImage(image.id(), old.virtualSizeBytes()));
    draft.doomed.add(old.file());
    draft.doomed.add(replaced);
  }
}
