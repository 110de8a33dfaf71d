package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.directory.DirectoryIntake;
import io.github.qcow4j.snapshot.directory.DirectoryPolicy;
import io.github.qcow4j.snapshot.directory.DirectoryRequest;
import io.github.qcow4j.snapshot.directory.Envelope;
import io.github.qcow4j.snapshot.directory.StagedDirectory;
import io.github.qcow4j.snapshot.error.RefusedException;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.Created;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes boxes of a directory that boxes travel in, or puts one back to it. The directory is only
 * read, and may be read by many at once; its disks are copied, by sharing storage where that is
 * possible, and nothing of them is visible before all are known to be sound.
 */
public final class FromDirectory {

  private final Home home;
  private final Path directory;
  private final IntakeLimits limits;
  private final JobControl control;
  private final Draft draft = new Draft();
  private final Instant now;

  private FromDirectory(Home home, Path directory, IntakeLimits limits, JobControl control) {
    this.home = home;
    this.directory = directory;
    this.limits = limits;
    this.control = control;
    this.now = home.now();
  }

  /** Makes boxes, all on the same layers. */
  public static Created clone(
      Home home, Path directory, List<String> names, IntakeLimits limits, JobControl control)
      throws IOException {
    Cloning.requireFree(home, names);
    CopyMethod method;
    try (StagingArea area = StagingArea.make(home)) {
      try {
        method = new FromDirectory(home, directory, limits, control).clone(area, names);
      } finally {
        area.clearQuietly();
      }
    }
    return new Created(Cloning.made(home, names), method);
  }

  /**
   * Puts the disks of a stopped box back to those of a directory; what they were is kept for {@link
   * Undoing}.
   *
   * @param force also when the directory is not of this box
   */
  public static Created restore(
      Home home,
      String boxName,
      Path directory,
      boolean force,
      IntakeLimits limits,
      JobControl control)
      throws IOException {
    CopyMethod method;
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box = home.lock(boxName, held);
      home.requireStopped(box);
      FromDirectory restoring = new FromDirectory(home, directory, limits, control);
      if (!force) {
        restoring.requireOwn(box);
      }
      try (StagingArea area = StagingArea.make(home)) {
        try {
          method = restoring.restore(area, box, held);
        } finally {
          area.clearQuietly();
        }
      }
    }
    return new Created(List.of(Restoring.restored(home, boxName)), method);
  }

  private StagedDirectory stage(StagingArea area) throws IOException {
    DirectoryPolicy policy = new DirectoryPolicy(home.externals(), limits.maxVirtualSize());
    StagedDirectory staged =
        DirectoryIntake.stage(home.volume(), directory, area.staging(), policy, control);
    StagedDisks.requireRoles(staged.disks());
    requireNoDiskName(staged);
    List<Path> outside = new ArrayList<>();
    for (StagedDisk disk : staged.disks()) {
      StagedDisk.BackingLink backing = disk.backing();
      if (backing != null) {
        outside.add(backing.path());
      }
    }
    home.requireOutside(outside);
    return staged;
  }

  /** An export gives a disk a name that another file must not have. */
  private static void requireNoDiskName(StagedDirectory staged) throws IOException {
    for (StagedDirectory.StagedFile file : staged.carried()) {
      for (StagedDisk disk : staged.disks()) {
        if (DirectoryRequest.fileName(disk.role()).equals(file.name())) {
          throw new RefusedException(
              "'%s' in the directory has the name of disk '%s', and is another file"
                  .formatted(file.name(), disk.role()));
        }
      }
    }
  }

  private CopyMethod clone(StagingArea area, List<String> names) throws IOException {
    StagedDirectory staged = stage(area);
    List<StagedDisk> disks = staged.disks();
    List<String> boxIds = new ArrayList<>();
    for (String name : names) {
      String boxId = home.ids().next();
      boxIds.add(boxId);
      draft.change(Change.addBox(boxId, name, now, null));
    }
    Carrying.adopt(home, draft, staged.carried(), boxIds);
    int position = 0;
    for (StagedDisk disk : disks) {
      LayerRoom.requireOn(home, disk);
      Below below = new StagedDisks(home, draft, now).layer(disk, null);
      for (String boxId : boxIds) {
        addChild(boxId, disk, position, below);
      }
      position++;
    }
    home.runNaming(
        draft.intent(home, Operations.CLONE, null), draft::makeAll, "the name of a clone");
    return StagedDisks.method(disks);
  }

  private void addChild(String boxId, StagedDisk disk, int position, Below below)
      throws IOException {
    String file = HomeLayout.disk(boxId, disk.role());
    Path path = home.layout().resolve(file);
    long size = disk.virtualSize();
    draft.make(file, () -> new NewImages(home.volume()).empty(path, size, below, null));
    String imageId = home.ids().next();
    draft.change(
        Change.addImage(
            imageId, ImageKind.DISK, file, ImageFormat.QCOW2.label(), size, now, boxId));
    draft.change(Change.link(imageId, below.parent()));
    draft.change(Change.addDisk(boxId, disk.role(), position, imageId));
  }

  /** Before anything is copied: an export of this box, or of a snapshot that it has. */
  private void requireOwn(BoxRow box) throws IOException {
    Envelope envelope = DirectoryIntake.readEnvelope(home.volume(), directory);
    String id = envelope.id();
    boolean own =
        box.id().equals(id)
            || home.read(rows -> new Boxes(rows).snapshots(box.id())).stream()
                .map(SnapshotRow::id)
                .anyMatch(each -> each.equals(id));
    if (!own) {
      throw new RefusedException(
          "snapshot '%s' in '%s' does not belong to box '%s'; force it to restore it all the same"
              .formatted(id == null ? "without an id" : id, directory, box.name()));
    }
  }

  private CopyMethod restore(StagingArea area, BoxRow box, LeaseSet held) throws IOException {
    StagedDirectory directoryStaged = stage(area);
    List<StagedDisk> staged = directoryStaged.disks();
    List<DiskRow> live = home.read(rows -> new Boxes(rows).disks(box.id()));
    requireSameRoles(staged, live);
    try (LeaseSet open = new LeaseSet()) {
      Replacing replacing = new Replacing(home, box, draft, now);
      replacing.begin(held);
      Carrying.exchange(home, draft, directoryStaged.carried(), box);
      StagedDisks disks = new StagedDisks(home, draft, now);
      for (DiskRow disk : live) {
        StagedDisk replacement = find(staged, disk.role());
        if (replacement != null) {
          replacing.exchange(disk, disks.live(replacement, box.id()), open);
        }
      }
      home.journal().run(draft.intent(home, Operations.RESTORE, box.id()), draft::makeAll);
    }
    return StagedDisks.method(staged);
  }

  private void requireSameRoles(List<StagedDisk> staged, List<DiskRow> live)
      throws WrongStateException {
    for (DiskRow disk : live) {
      if (find(staged, disk.role()) == null) {
        throw new WrongStateException(
            "'" + directory + "' has no disk '" + disk.role() + "', as the box has");
      }
    }
    for (StagedDisk disk : staged) {
      if (live.stream().noneMatch(each -> each.role().equals(disk.role()))) {
        throw new WrongStateException(
            "the box has no disk '" + disk.role() + "', as '" + directory + "' has");
      }
    }
  }

  private static @Nullable StagedDisk find(List<StagedDisk> disks, String role) {
    return disks.stream().filter(disk -> disk.role().equals(role)).findFirst().orElse(null);
  }
}
