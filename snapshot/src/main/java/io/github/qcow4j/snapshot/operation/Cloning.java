package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.layout.Names;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.Created;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes boxes that begin as another box is, or was at a snapshot: children of one layer for each
 * disk, all of them or none.
 */
public final class Cloning {

  private final Home home;
  private final CloneRequest request;
  private final JobControl control;
  private final LeaseSet held;
  private final LeaseSet open;
  private final Draft draft = new Draft();
  private final Instant now;
  private final List<String> boxIds = new ArrayList<>();
  private @Nullable CopyMethod method;

  private Cloning(
      Home home, CloneRequest request, JobControl control, LeaseSet held, LeaseSet open) {
    this.home = home;
    this.request = request;
    this.control = control;
    this.held = held;
    this.open = open;
    this.now = home.now();
  }

  /** Makes the clones. */
  public static Created run(Home home, CloneRequest request, JobControl control)
      throws IOException {
    requireFree(home, request.names());
    CopyMethod method;
    try (LeaseSet held = new LeaseSet();
        LeaseSet open = new LeaseSet()) {
      Cloning cloning = new Cloning(home, request, control, held, open);
      cloning.run();
      method = cloning.method;
    }
    return new Created(made(home, request.names()), method);
  }

  /** The new boxes. */
  static List<Box> made(Home home, List<String> names) throws IOException {
    return Afterwards.see(
        home,
        "the clones are made",
        views -> {
          List<Box> boxes = new ArrayList<>();
          for (String name : names) {
            boxes.add(views.box(name));
          }
          return boxes;
        });
  }

  /** Requires names for new boxes: at least one, none taken, none twice. */
  static void requireFree(Home home, List<String> wanted) throws IOException {
    if (wanted.isEmpty()) {
      throw new InvalidRequestException("a clone needs a name");
    }
    Set<String> names = new HashSet<>();
    for (String name : wanted) {
      if (!names.add(Names.require("box", name))) {
        throw new InvalidRequestException("two clones of the name '" + name + "'");
      }
      Creation.requireFree(home, name);
    }
  }

  private void run() throws IOException {
    String snapshotName = request.snapshot();
    // A snapshot may be cloned by many at once, whatever is done to its box.
    BoxRow box =
        snapshotName == null
            ? home.lockStopped(request.box(), held)
            : home.read(rows -> new Boxes(rows).named(request.box()));
    if (snapshotName == null && !request.full()) {
      Shortening.run(home, box, control);
      LayerRoom.requireOnLive(home, box);
    }
    for (String name : request.names()) {
      String boxId = home.ids().next();
      boxIds.add(boxId);
      draft.change(Change.addBox(boxId, name, now, box.carried()));
    }
    if (snapshotName == null) {
      Carrying.share(home, draft, box, boxIds);
    }
    boolean forks = false;
    int position = 0;
    for (DiskRow disk : disks(box, snapshotName)) {
      if (request.full()) {
        copy(disk, position);
      } else if (snapshotName != null) {
        home.leaseForReading(disk.image(), held);
        LayerRoom.requireOn(home, disk.image());
        addChildren(disk, position, Below.layer(disk.image()), disk.image().virtualSizeBytes());
      } else {
        forks |= addBase(box, disk, position);
      }
      position++;
    }
    if (forks) {
      Forgetting.add(home, draft, box, held);
    }
    String lockedBox = snapshotName == null ? box.id() : null;
    home.runNaming(
        draft.intent(home, Operations.CLONE, lockedBox), draft::makeAll, "the name of a clone");
  }

  private List<DiskRow> disks(BoxRow box, @Nullable String snapshotName) throws IOException {
    if (snapshotName == null) {
      return home.read(rows -> new Boxes(rows).disks(box.id()));
    }
    return home.read(rows -> {
      SnapshotRow snapshot = new Boxes(rows).snapshot(box, snapshotName);
      draft.change(Change.useSnapshot(snapshot.id(), now));
      return new Boxes(rows).snapshotDisks(snapshot.id());
    });
  }

  /** Finds or makes what the clones of a live disk lie on; says whether the disk is frozen. */
  private boolean addBase(BoxRow box, DiskRow disk, int position) throws IOException {
    ImageRow below = untouchedOn(disk.image());
    if (below != null) {
      home.leaseForReading(below, held);
      addChildren(disk, position, Below.layer(below), below.virtualSizeBytes());
      return false;
    }
    String layerId = home.ids().next();
    Freezing.Frozen base =
        new Freezing(home, draft, box, open, now).freeze(disk, ImageKind.CLONE_BASE, layerId);
    addChildren(disk, position, base.below(), base.sizeBytes());
    return true;
  }

  /** The layer that a live disk still shows as it is, or null. */
  private @Nullable ImageRow untouchedOn(ImageRow image) throws IOException {
    if (!(image.parent() instanceof Parent.Inside inside)) {
      return null;
    }
    Path live = home.layout().resolve(image.file());
    DiskImage disk = NewImages.openAlone(home.volume(), live, ImageFormat.QCOW2);
    open.add(disk);
    ImageRow below = home.read(rows -> new Images(rows).byId(inside.imageId()));
    if (below == null || below.virtualSizeBytes() != disk.virtualSize()) {
      return null;
    }
    long offset = 0;
    while (offset < disk.virtualSize()) {
      Extent extent = disk.extentAt(offset, disk.virtualSize() - offset);
      if (extent.kind() != Extent.Kind.UNALLOCATED) {
        return null;
      }
      offset = extent.end();
    }
    return below;
  }

  private void addChildren(DiskRow disk, int position, Below below, long sizeBytes)
      throws IOException {
    for (String boxId : boxIds) {
      String file = HomeLayout.disk(boxId, disk.role());
      Path path = home.layout().resolve(file);
      draft.make(file, () -> new NewImages(home.volume()).empty(path, sizeBytes, below, null));
      String imageId = addDisk(boxId, disk, position, file, sizeBytes);
      draft.change(Change.link(imageId, below.parent()));
    }
  }

  private String addDisk(String boxId, DiskRow disk, int position, String file, long sizeBytes) {
    String imageId = home.ids().next();
    draft.change(
        Change.addImage(
            imageId, ImageKind.DISK, file, ImageFormat.QCOW2.label(), sizeBytes, now, boxId));
    draft.change(Change.addDisk(boxId, disk.role(), position, imageId));
    return imageId;
  }

  /** Disks that depend on nothing. */
  private void copy(DiskRow disk, int position) throws IOException {
    ImageRow image = disk.image();
    home.leaseChainForReading(image, held);
    DiskImage source =
        NewImages.open(
            home.volume(), home.layout().resolve(image.file()), ImageFormat.QCOW2, home.policy());
    open.add(source);
    for (String boxId : boxIds) {
      String file = HomeLayout.disk(boxId, disk.role());
      Path path = home.layout().resolve(file);
      draft.make(file, () -> copy(source, path));
      addDisk(boxId, disk, position, file, source.virtualSize());
    }
  }

  private void copy(DiskImage source, Path path) throws IOException {
    NewImages images = new NewImages(home.volume());
    CopyMethod way =
        NewImages.standsAlone(source)
            ? images.copy(source.dataFile(), path)
            : images.flatten(source, path, control);
    CopyMethod before = method;
    method = before == null || way.compareTo(before) > 0 ? way : before;
  }
}
