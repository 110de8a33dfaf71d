package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.CarriedFiles;
import io.github.qcow4j.snapshot.catalogue.CarriedRow;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.catalogue.Rows;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.OtherFile;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotDisk;
import io.github.qcow4j.snapshot.model.TreeNode;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Boxes and snapshots as callers see them. Takes no lease and changes nothing. */
public final class Views {

  /** Whoever writes to it may go on. */
  private static final ImageOptions INSPECTING =
      ImageOptions.of(ImageFormat.QCOW2).withSharing(ImageOptions.Sharing.FORCE_SHARE);

  private final Home home;

  /** Of this home. */
  public Views(Home home) {
    this.home = home;
  }

  /** All boxes by name. */
  public List<Box> boxes() throws IOException {
    return home.read(rows -> {
      List<Box> boxes = new ArrayList<>();
      for (BoxRow row : new Boxes(rows).all()) {
        boxes.add(box(rows, row));
      }
      return boxes;
    });
  }

  /** The box of a name. */
  public Box box(String name) throws IOException {
    return home.read(rows -> box(rows, new Boxes(rows).named(name)));
  }

  private Box box(Rows rows, BoxRow row) throws IOException {
    List<BoxDisk> disks = new ArrayList<>();
    for (DiskRow each : new Boxes(rows).disks(row.id())) {
      ImageRow image = each.image();
      Path path = home.layout().resolve(image.file());
      FileStatus status = status(path);
      disks.add(
          new BoxDisk(
              each.role(),
              path,
              sizeBytes(path, image),
              status == null ? 0 : status.allocatedBytes(),
              new Images(rows).depth(image.id())));
    }
    Intent intent = intentOf(rows, row);
    BoxStatus status = status(row, intent);
    Holder holder =
        status == BoxStatus.RUNNING ? row.holder() : intent == null ? null : intent.holder();
    return new Box(
        row.id(),
        row.name(),
        status,
        holder,
        row.createdAt(),
        disks,
        otherFiles(rows, row),
        row.carried());
  }

  private List<OtherFile> otherFiles(Rows rows, BoxRow row) throws IOException {
    List<OtherFile> files = new ArrayList<>();
    for (CarriedRow each : new CarriedFiles(rows).ofBox(row.id())) {
      FileStatus status = status(home.layout().resolve(each.file()));
      files.add(new OtherFile(each.name(), status == null ? 0 : status.sizeBytes()));
    }
    return files;
  }

  private static @Nullable Intent intentOf(Rows rows, BoxRow row) throws IOException {
    List<Intent> intents = new Intents(rows).ofBox(row.id());
    return intents.isEmpty() ? null : intents.getFirst();
  }

  private BoxStatus status(BoxRow row, @Nullable Intent intent) throws IOException {
    if (row.status() == BoxStatus.QUARANTINED) {
      return BoxStatus.QUARANTINED;
    } else if (intent != null && intent.phase() == Intent.Phase.MAKING) {
      return switch (intent.operation()) {
        case Operations.SNAPSHOT -> BoxStatus.SNAPSHOTTING;
        case Operations.RESTORE, Operations.UNDO -> BoxStatus.RESTORING;
        case Operations.CLONE -> BoxStatus.CLONING;
        case Operations.EXPORT -> BoxStatus.EXPORTING;
        default -> BoxStatus.STOPPED;
      };
    }
    return new Runners(home.leases()).isRunning(row) ? BoxStatus.RUNNING : BoxStatus.STOPPED;
  }

  /**
   * What a live disk says itself: whoever runs it may have resized it. What cannot be asked, as
   * while an operation is under way, has the size that was noted.
   */
  private long sizeBytes(Path path, ImageRow image) {
    try {
      return ImageInspector.inspect(home.volume(), path, INSPECTING).virtualSizeBytes();
    } catch (IOException e) {
      return image.virtualSizeBytes();
    }
  }

  /** The file of a name, or null where there is none, as while an operation is under way. */
  private @Nullable FileStatus status(Path path) throws IOException {
    try {
      return home.volume().status(path);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** Where a live disk is. */
  public Path path(String name, String role) throws IOException {
    return home.read(rows -> {
      BoxRow box = new Boxes(rows).named(name);
      return path(new Boxes(rows).disks(box.id()), role, "box '" + name + "'");
    });
  }

  /** Where a snapshot's disk is. */
  public Path snapshotPath(String boxName, String name, String role) throws IOException {
    return home.read(rows -> {
      Boxes boxes = new Boxes(rows);
      SnapshotRow snapshot = boxes.snapshot(boxes.named(boxName), name);
      return path(boxes.snapshotDisks(snapshot.id()), role, "snapshot '" + name + "'");
    });
  }

  private Path path(List<DiskRow> disks, String role, String owner) throws IOException {
    for (DiskRow disk : disks) {
      if (disk.role().equals(role)) {
        return home.layout().resolve(disk.image().file());
      }
    }
    throw new BoxNotFoundException(owner + " has no disk '" + role + "'");
  }

  /** The snapshots of a box, newest first. */
  public List<Snapshot> snapshots(String boxName) throws IOException {
    return home.read(rows -> {
      BoxRow box = new Boxes(rows).named(boxName);
      List<Snapshot> snapshots = new ArrayList<>();
      for (SnapshotRow row : new Boxes(rows).snapshots(box.id())) {
        snapshots.add(snapshot(rows, row));
      }
      return snapshots;
    });
  }

  /** The snapshot of a name. */
  public Snapshot snapshot(String boxName, String name) throws IOException {
    return home.read(rows -> {
      Boxes boxes = new Boxes(rows);
      return snapshot(rows, boxes.snapshot(boxes.named(boxName), name));
    });
  }

  private Snapshot snapshot(Rows rows, SnapshotRow row) throws IOException {
    List<SnapshotDisk> disks = new ArrayList<>();
    for (DiskRow each : new Boxes(rows).snapshotDisks(row.id())) {
      ImageRow image = each.image();
      Path path = home.layout().resolve(image.file());
      FileStatus status = status(path);
      disks.add(
          new SnapshotDisk(
              each.role(),
              path,
              image.virtualSizeBytes(),
              status == null ? 0 : status.sizeBytes(),
              status == null ? 0 : status.allocatedBytes(),
              new Images(rows).depth(image.id())));
    }
    return new Snapshot(
        row.id(),
        row.boxId(),
        row.name(),
        row.description(),
        row.createdAt(),
        row.lastUsedAt(),
        disks);
  }

  /** What the root disk of a box and its snapshots hang on, and what hangs on those. */
  public List<TreeNode> tree(String boxName) throws IOException {
    return home.read(rows -> {
      Boxes boxes = new Boxes(rows);
      BoxRow box = boxes.named(boxName);
      List<ImageRow> roots = new ArrayList<>();
      addRoot(rows, boxes.disks(box.id()), roots);
      for (SnapshotRow snapshot : boxes.snapshots(box.id())) {
        addRoot(rows, boxes.snapshotDisks(snapshot.id()), roots);
      }
      List<TreeNode> tree = new ArrayList<>();
      for (ImageRow root : roots) {
        TreeNode node = node(rows, root);
        tree.add(
            root.parent() instanceof Parent.Outside outside
                ? new TreeNode("image", outside.path(), List.of(node))
                : node);
      }
      return tree;
    });
  }

  private static void addRoot(Rows rows, List<DiskRow> disks, List<ImageRow> roots)
      throws IOException {
    if (!disks.isEmpty()) {
      ImageRow root = new Images(rows).chain(disks.getFirst().image().id()).getLast();
      if (roots.stream().noneMatch(each -> each.id().equals(root.id()))) {
        roots.add(root);
      }
    }
  }

  private static TreeNode node(Rows rows, ImageRow image) throws IOException {
    List<TreeNode> children = new ArrayList<>();
    for (ImageRow child : new Images(rows).children(image.id())) {
      children.add(node(rows, child));
    }
    return new TreeNode(
        image.kind() == ImageKind.DISK ? "box" : image.kind().label(),
        describe(rows, image),
        children);
  }

  private static String describe(Rows rows, ImageRow image) throws IOException {
    Boxes boxes = new Boxes(rows);
    SnapshotRow snapshot = boxes.snapshotOf(image.id());
    if (snapshot != null) {
      return snapshot.name();
    }
    BoxRow box = boxes.boxOf(image.id());
    return box != null ? box.name() : image.id();
  }
}
