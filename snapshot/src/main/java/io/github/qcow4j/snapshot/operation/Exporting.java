package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.ArchiveRequest;
import io.github.qcow4j.snapshot.archive.ArchiveResult;
import io.github.qcow4j.snapshot.archive.BoxArchives;
import io.github.qcow4j.snapshot.archive.Carried;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.directory.BoxDirectories;
import io.github.qcow4j.snapshot.directory.DirectoryRequest;
import io.github.qcow4j.snapshot.directory.DirectoryResult;
import io.github.qcow4j.snapshot.error.UnsettledException;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.ExportRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes the disks of a stopped box, or of a snapshot, elsewhere. A snapshot may be exported by
 * many at once, whatever is done to its box; a box is left alone by others meanwhile.
 */
public final class Exporting {

  /**
   * One reads ahead of a stream that the other hands on, to be digested and compressed. On two
   * processors 256 MiB take the same to zstd with one and two, 1.83 and 1.76 s of processor time.
   */
  private static final int PARALLELISM = 2;

  private final Home home;
  private final BoxRow box;
  private final @Nullable SnapshotRow snapshot;
  private final List<DiskRow> rows;
  private final List<Opened> disks = new ArrayList<>();
  private List<DirectoryRequest.CarriedFile> carried = List.of();

  private record Opened(String role, DiskImage image) {}

  /** What is done with the disks while they are open. */
  @FunctionalInterface
  private interface Writing<T> {
    T write(Exporting source) throws IOException;
  }

  private Exporting(Home home, BoxRow box, @Nullable SnapshotRow snapshot, List<DiskRow> rows) {
    this.home = home;
    this.box = box;
    this.snapshot = snapshot;
    this.rows = rows;
  }

  /** Writes an archive. */
  public static ArchiveResult toArchive(
      Home home, ExportRequest request, ArchiveDestination destination, JobControl control)
      throws IOException {
    return run(
        home,
        request.box(),
        request.snapshot(),
        source -> BoxArchives.export(source.archive(request), destination, control));
  }

  /** Writes a directory. */
  public static DirectoryResult toDirectory(
      Home home, String box, @Nullable String snapshot, Path directory, JobControl control)
      throws IOException {
    return run(
        home,
        box,
        snapshot,
        source -> BoxDirectories.export(source.directory(), home.volume(), directory, control));
  }

  private static <T> T run(
      Home home, String boxName, @Nullable String snapshotName, Writing<T> writing)
      throws IOException {
    try (LeaseSet held = new LeaseSet();
        LeaseSet open = new LeaseSet()) {
      Exporting source = source(home, boxName, snapshotName, held);
      source.openDisks(held, open);
      if (snapshotName == null) {
        source.carried = Carrying.open(home, source.box, open);
      }
      Draft draft = new Draft();
      SnapshotRow snapshot = source.snapshot;
      if (snapshot != null) {
        draft.change(Change.useSnapshot(snapshot.id(), home.now()));
      }
      List<T> result = new ArrayList<>();
      // The intent tells others what is going on, and what for they have to wait.
      try {
        home.journal()
            .run(
                draft.intent(home, Operations.EXPORT, snapshot == null ? source.box.id() : null),
                () -> result.add(writing.write(source)));
      } catch (IOException e) {
        // Once all is written, it is only not noted when the snapshot was last of use.
        if (result.isEmpty()) {
          throw ofWriting(e);
        }
      }
      return Objects.requireNonNull(result.getFirst());
    }
  }

  /** What was written elsewhere is not undone by whoever opens the home next. */
  private static IOException ofWriting(IOException failure) {
    boolean open = failure instanceof UnsettledException;
    return open && failure.getCause() instanceof IOException cause ? cause : failure;
  }

  private static Exporting source(
      Home home, String boxName, @Nullable String snapshotName, LeaseSet held) throws IOException {
    if (snapshotName == null) {
      BoxRow locked = home.lockStopped(boxName, held);
      return new Exporting(
          home, locked, null, home.read(rows -> new Boxes(rows).disks(locked.id())));
    }
    // At once, as nobody keeps a snapshot from being removed in between.
    return home.read(rows -> {
      Boxes boxes = new Boxes(rows);
      BoxRow box = boxes.named(boxName);
      SnapshotRow snapshot = boxes.snapshot(box, snapshotName);
      return new Exporting(home, box, snapshot, boxes.snapshotDisks(snapshot.id()));
    });
  }

  private void openDisks(LeaseSet held, LeaseSet open) throws IOException {
    for (DiskRow disk : rows) {
      home.leaseChainForReading(disk.image(), held);
      Path path = home.layout().resolve(disk.image().file());
      DiskImage image = NewImages.open(home.volume(), path, ImageFormat.QCOW2, home.policy());
      open.add(image);
      disks.add(new Opened(disk.role(), image));
    }
  }

  private ArchiveRequest archive(ExportRequest request) throws IOException {
    Carried carriedAlong = Carried.read(box.carried());
    return new ArchiveRequest(
        box.name(),
        carriedAlong.image(),
        carriedAlong.options(),
        disks.stream()
            .map(each -> new ArchiveRequest.ArchivedDisk(each.role(), each.image()))
            .toList(),
        home.now(),
        request.compression(),
        request.level(),
        PARALLELISM);
  }

  private DirectoryRequest directory() {
    SnapshotRow from = snapshot;
    return new DirectoryRequest(
        from == null ? box.id() : from.id(),
        from == null ? box.name() : from.name(),
        from == null ? null : from.description(),
        disks.stream()
            .map(each -> new DirectoryRequest.DirectoryDisk(each.role(), each.image()))
            .toList(),
        carried,
        PARALLELISM);
  }
}
