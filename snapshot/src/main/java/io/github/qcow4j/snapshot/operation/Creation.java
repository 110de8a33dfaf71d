package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.qcow2.ChainRoom;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveStart;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.error.NameTakenException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.layout.Names;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.Created;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes a box of images from outside, or of empty disks. */
public final class Creation {

  /** No disk of QEMU's is larger than what fits into a signed offset; 512 of it make a sector. */
  private static final int SECTOR_BYTES = 512;

  private final Home home;
  private final CreateRequest request;
  private final JobControl control;
  private final Draft draft = new Draft();
  private final LeaseSet open = new LeaseSet();
  private final NewImages images;
  private final String boxId;
  private final Instant now;
  private @Nullable CopyMethod method;

  private Creation(Home home, CreateRequest request, JobControl control) {
    this.home = home;
    this.request = request;
    this.control = control;
    this.images = new NewImages(home.volume());
    this.boxId = home.ids().next();
    this.now = home.now();
  }

  /** Makes it. */
  public static Created run(Home home, CreateRequest request, JobControl control)
      throws IOException {
    Creation creation = new Creation(home, request, control);
    try (LeaseSet _ = creation.open) {
      creation.run();
    }
    String name = request.name();
    Box box = Afterwards.see(home, "box '" + name + "' is made", views -> views.box(name));
    return new Created(List.of(box), creation.method);
  }

  private void run() throws IOException {
    checkRequest();
    draft.change(Change.addBox(boxId, request.name(), now, request.carried()));
    int position = 0;
    for (DiskSource source : request.disks()) {
      add(source, position);
      position++;
    }
    home.runNaming(
        draft.intent(home, Operations.CREATE, null),
        draft::makeAll,
        "box '" + request.name() + "'");
  }

  private void checkRequest() throws IOException {
    Names.require("box", request.name());
    if (request.disks().isEmpty() || !request.disks().getFirst().role().equals(BoxDisk.ROOT)) {
      throw new InvalidRequestException("the first disk of a box is its root");
    }
    Set<String> roles = new HashSet<>();
    for (DiskSource source : request.disks()) {
      if (!roles.add(Names.requireRole(source.role()))) {
        throw new InvalidRequestException("two disks of the role '" + source.role() + "'");
      }
    }
    requireFree(home, request.name());
  }

  static void requireFree(Home home, String name) throws IOException {
    if (home.read(rows -> new Boxes(rows).find(name)) != null) {
      throw new NameTakenException("there is a box '" + name + "' already");
    }
  }

  private void add(DiskSource source, int position) throws IOException {
    switch (source) {
      case DiskSource.Empty empty -> {
        if (empty.sizeBytes() < 0 || empty.sizeBytes() % SECTOR_BYTES != 0) {
          throw new InvalidRequestException(
              "the size of a disk is a multiple of 512 bytes: " + empty.sizeBytes());
        }
        addDisk(source, position, empty.sizeBytes(), null);
      }
      case DiskSource.Overlay overlay -> addOverlay(overlay, position);
      case DiskSource.Copied copied -> addCopied(copied, position);
      case DiskSource.Staged staged -> addStaged(staged, position);
    }
  }

  private void addOverlay(DiskSource.Overlay overlay, int position) throws IOException {
    home.requireOutside(List.of(overlay.image()));
    DiskImage image = open(overlay.image(), overlay.format());
    home.requireOutside(image.layers().stream().skip(1).map(DiskImage::path).toList());
    long l1Entries = ImageSpec.ofSize(image.virtualSize()).l1Entries();
    ChainRoom.of(image).plus(l1Entries).require(image.path());
    addDisk(overlay, position, image.virtualSize(), Below.outside(image.path(), image.format()));
  }

  private void addCopied(DiskSource.Copied copied, int position) throws IOException {
    DiskImage image = open(copied.image(), copied.format());
    boolean alone = NewImages.standsAlone(image);
    ImageFormat format = alone ? image.format() : ImageFormat.QCOW2;
    String layerId = home.ids().next();
    String file = HomeLayout.layer(layerId, format);
    Path path = home.layout().resolve(file);
    draft.make(file, () -> copy(image, alone, path));
    draft.change(
        Change.addImage(
            layerId, ImageKind.ROOTFS, file, format.label(), image.virtualSize(), now, boxId));
    addDisk(copied, position, image.virtualSize(), Below.layer(layerId, file, format.label()));
  }

  private void copy(DiskImage image, boolean alone, Path path) throws IOException {
    if (alone) {
      note(images.copy(image.dataFile(), path));
      images.requireCopied(image, path);
    } else {
      note(images.flatten(image, path, control));
    }
  }

  private void note(CopyMethod way) {
    CopyMethod before = method;
    method = before == null || way.compareTo(before) > 0 ? way : before;
  }

  private void addStaged(DiskSource.Staged staged, int position) throws IOException {
    Path image = staged.image();
    long size;
    ImageOptions options = NewImages.options(ImageFormat.QCOW2);
    try (DiskImage disk = DiskImages.open(home.volume(), image, ReferencePolicy.deny(), options)) {
      size = disk.virtualSize();
    }
    String file = HomeLayout.disk(boxId, staged.role());
    draft.make(file, () -> adopt(image, home.layout().resolve(file)));
    addRows(staged, position, file, size, null);
    Path root = home.layout().home();
    if (!image.normalize().startsWith(home.layout().staging())) {
      throw new InvalidRequestException("'" + image + "' is not below " + home.layout().staging());
    }
    draft.doomed.add(root.relativize(image.normalize()).toString());
  }

  /** A second name; the first goes when the box is there. */
  private void adopt(Path staged, Path disk) throws IOException {
    SecondName.give(home.volume(), staged, disk);
    home.volume().setPermissions(disk, HomeLayout.PRIVATE_FILE);
  }

  private DiskImage open(Path path, @Nullable ImageFormat stated) throws IOException {
    Path real = home.volume().realPath(path);
    ImageFormat format = stated != null ? stated : DiskImages.probeFormat(home.volume(), real);
    if (stated == null
        && format == ImageFormat.RAW
        && ArchiveStart.isArchive(home.volume(), real)) {
      throw new InvalidRequestException(
          "'%s' is an archive, and no disk; import makes a box of it, or say that its format is raw"
              .formatted(path));
    }
    DiskImage image = NewImages.openBrought(home.volume(), real, format, home.externals());
    open.add(image);
    return image;
  }

  private void addDisk(DiskSource source, int position, long sizeBytes, @Nullable Below below)
      throws IOException {
    String file = HomeLayout.disk(boxId, source.role());
    Path path = home.layout().resolve(file);
    draft.make(file, () -> images.empty(path, sizeBytes, below, null));
    addRows(source, position, file, sizeBytes, below);
  }

  private void addRows(
      DiskSource source, int position, String file, long sizeBytes, @Nullable Below below) {
    String imageId = home.ids().next();
    draft.change(
        Change.addImage(
            imageId, ImageKind.DISK, file, ImageFormat.QCOW2.label(), sizeBytes, now, boxId));
    if (below != null) {
      draft.change(Change.link(imageId, below.parent()));
    }
    draft.change(Change.addDisk(boxId, source.role(), position, imageId));
  }
}
