package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.ArchiveResult;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.directory.DirectoryResult;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.Captured;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.Created;
import io.github.qcow4j.snapshot.model.DiskDifference;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.model.HeldBox;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.HomeReport;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotRequest;
import io.github.qcow4j.snapshot.model.TreeNode;
import io.github.qcow4j.snapshot.operation.BoxRemoval;
import io.github.qcow4j.snapshot.operation.Capturing;
import io.github.qcow4j.snapshot.operation.Checking;
import io.github.qcow4j.snapshot.operation.Cloning;
import io.github.qcow4j.snapshot.operation.Collecting;
import io.github.qcow4j.snapshot.operation.Creation;
import io.github.qcow4j.snapshot.operation.Difference;
import io.github.qcow4j.snapshot.operation.Exporting;
import io.github.qcow4j.snapshot.operation.FromDirectory;
import io.github.qcow4j.snapshot.operation.Home;
import io.github.qcow4j.snapshot.operation.Importing;
import io.github.qcow4j.snapshot.operation.Merging;
import io.github.qcow4j.snapshot.operation.OneByOne;
import io.github.qcow4j.snapshot.operation.Renaming;
import io.github.qcow4j.snapshot.operation.Restoring;
import io.github.qcow4j.snapshot.operation.Running;
import io.github.qcow4j.snapshot.operation.SnapshotRemoval;
import io.github.qcow4j.snapshot.operation.Snapshotting;
import io.github.qcow4j.snapshot.operation.Undoing;
import io.github.qcow4j.snapshot.operation.Views;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A directory of boxes: named sets of disks with snapshots.
 *
 * <h2>What is durable</h2>
 *
 * When an operation returns, its result is durable. Whatever failure or power cut falls into it,
 * each box and snapshot afterwards has its old or its new content, as a whole: an operation that
 * fails is undone, and one whose process dies is ended or undone when the home is next opened, or
 * the box next worked on.
 *
 * <h2>Threads and processes</h2>
 *
 * Any number of threads and processes may use a home at once. Who changes a box has it alone; an
 * operation that meets another one fails at once with {@link
 * io.github.qcow4j.snapshot.error.InUseException}, which names the holder where that is known. A
 * dead process holds nothing.
 *
 * <h2>Errors</h2>
 *
 * {@link io.github.qcow4j.snapshot.error.BoxException} and its subclasses for what is wrong with a
 * request; {@link io.github.qcow4j.qcow2.error.ImageException} for what is wrong with an image; any
 * other {@link IOException} when the storage fails.
 */
public final class BoxHome implements BoxTransfers, Closeable {

  private final Home home;
  private final @Nullable CatalogueRoom room;

  private BoxHome(Home home, @Nullable CatalogueRoom room) {
    this.home = home;
    this.room = room;
  }

  /**
   * Opens a home, making it when there is none, and ends what dead processes have begun in it.
   *
   * @throws io.github.qcow4j.snapshot.error.NewerHomeException when a newer program wrote it
   * @throws io.github.qcow4j.snapshot.error.DisagreementException when it has images, and a
   *     catalogue that is missing or empty; nothing is made then
   * @throws io.github.qcow4j.snapshot.error.RefusedException when its directories are on more than
   *     one file system
   */
  public static BoxHome open(HomeOptions options) throws IOException {
    return open(options, Volumes.host());
  }

  /**
   * The same through a volume of the caller's over the host's files, who may count or stop calls;
   * those of the catalogue are SQLite's own.
   */
  public static BoxHome open(HomeOptions options, Volume volume) throws IOException {
    Home home = HomeOpening.open(options, volume);
    return new BoxHome(home, new CatalogueRoom(home.volume(), home.layout()));
  }

  /** The same on any volume, with its catalogue anywhere. */
  static BoxHome open(
      HomeOptions options,
      Volume volume,
      HomeLayout layout,
      Catalogue catalogue,
      RandomGenerator random,
      InstantSource clock,
      Consumer<Step> observer)
      throws IOException {
    return new BoxHome(
        HomeOpening.open(options, volume, layout, catalogue, random, clock, observer), null);
  }

  /** The directories of a home, made where they are missing. */
  static HomeLayout prepare(Volume volume, Path directory) throws IOException {
    return NewHome.prepare(volume, directory);
  }

  /** What operations work with, for tests that look inside. */
  Home internals() {
    return home;
  }

  /** Where the home is, absolute and without links. */
  public Path directory() {
    return home.layout().home();
  }

  /** Where files are put that a box is to be made of, see {@link CreateRequest}. */
  public Path stagingDirectory() {
    return home.layout().staging();
  }

  /**
   * Makes a stopped box.
   *
   * @param control counts what is copied, and stops it
   * @throws io.github.qcow4j.snapshot.error.NameTakenException when there is one of that name
   */
  public Created create(CreateRequest request, JobControl control) throws IOException {
    return Creation.run(home, request, control);
  }

  /** All boxes by name. */
  public List<Box> list() throws IOException {
    return new Views(home).boxes();
  }

  /**
   * A box.
   *
   * @throws io.github.qcow4j.snapshot.error.BoxNotFoundException when there is none of that name
   */
  public Box show(String name) throws IOException {
    return new Views(home).box(name);
  }

  /**
   * Where a live disk of a box is, for a hypervisor's command line: absolute, and the same as long
   * as the box lives.
   */
  public Path path(String name, String role) throws IOException {
    return new Views(home).path(name, role);
  }

  /**
   * Makes a snapshot of a stopped box: its disks become layers that never change, and empty
   * children of them its disks. Takes the same time whatever the size.
   *
   * @param description for people, may be empty
   * @throws io.github.qcow4j.snapshot.error.InUseException when the box is running, or somebody has
   *     a disk open for writing
   */
  public Snapshot snapshot(String box, String name, String description) throws IOException {
    return Snapshotting.run(home, box, name, description, new JobControl());
  }

  /**
   * Makes a snapshot of a box that may be running: a stopped one is forked, see {@link
   * #snapshot(String, String, String)}; of a running one the disks are captured while whoever
   * writes to them holds still, by sharing storage where that is possible. Whatever happens, that
   * one is let go again, also when a signal ends this process; that it could not be is told by
   * {@link Captured#thawFailure}. When this process is killed, it is let go as soon as somebody
   * opens the home, or works on the box.
   *
   * @param control stops it
   * @throws io.github.qcow4j.snapshot.quiesce.QuiesceException when the writer cannot be made to
   *     hold still as the request asks
   */
  public Captured snapshot(SnapshotRequest request, JobControl control) throws IOException {
    return Capturing.run(home, request, control);
  }

  /** The snapshots of a box, newest first. */
  public List<Snapshot> snapshots(String box) throws IOException {
    return new Views(home).snapshots(box);
  }

  /** A snapshot of a box. */
  public Snapshot showSnapshot(String box, String name) throws IOException {
    return new Views(home).snapshot(box, name);
  }

  /** Where a disk of a snapshot is, absolute; to be read only. */
  public Path snapshotPath(String box, String name, String role) throws IOException {
    return new Views(home).snapshotPath(box, name, role);
  }

  /**
   * Removes a snapshot that nothing depends on.
   *
   * @throws io.github.qcow4j.snapshot.error.DependedOnException when something does; names what
   * @throws io.github.qcow4j.snapshot.error.DisagreementException when a header says that something
   *     does, or could not be asked
   */
  public void removeSnapshot(String box, String name) throws IOException {
    removeSnapshots(box, List.of(name));
  }

  /**
   * The same for several, one after the other; the first that cannot go ends it, with a {@link
   * io.github.qcow4j.snapshot.error.PartlyDoneException} that tells of those that are gone, and
   * when one is not there none goes.
   */
  public void removeSnapshots(String box, List<String> names) throws IOException {
    SnapshotRemoval.run(home, box, names);
  }

  /**
   * Removes a snapshot, whatever depends on it: the data that others need of it moves into them
   * first, into each of them: storage is shared where that is possible, else each has a copy. Those
   * have to stand still: boxes right on it are stopped, layers right on it not being read. When it
   * fails or is cancelled in the middle the snapshot is still there, and all show what they showed;
   * it may be tried again.
   *
   * @param control counts bytes, and stops it
   * @return how data came into what depends on it
   */
  public CopyResult mergeSnapshot(String box, String name, JobControl control) throws IOException {
    return mergeSnapshots(box, List.of(name), control);
  }

  /**
   * The same for several, one after the other; the first that cannot go ends it, with a {@link
   * io.github.qcow4j.snapshot.error.PartlyDoneException} that tells of those that are gone, and
   * when one is not there none goes.
   */
  public CopyResult mergeSnapshots(String box, List<String> names, JobControl control)
      throws IOException {
    return Merging.run(home, box, names, control);
  }

  /**
   * Puts the disks of a stopped box back to a snapshot, all in one. What they were is kept for
   * {@link #undo} until the next operation that writes to the box, or until it runs.
   */
  public Box restore(RestoreRequest request) throws IOException {
    return Restoring.run(home, request);
  }

  /**
   * Puts back what the last restore of a stopped box has replaced, unless that loses what was
   * written since.
   *
   * @throws io.github.qcow4j.snapshot.error.WrongStateException when there is nothing to undo, or a
   *     disk holds data that was not there after the restore; of a qcow2 disk from a directory, or
   *     one that lies on no layer of the home since a merge, that cannot be told, and it is put
   *     back whatever was written
   */
  public Box undo(String box) throws IOException {
    return undo(box, false);
  }

  /**
   * The same.
   *
   * @param force also when what was written since is lost
   */
  public Box undo(String box, boolean force) throws IOException {
    return Undoing.run(home, box, force);
  }

  /**
   * Makes boxes that begin as a box is, or was at a snapshot; all of them or none. For the live
   * disks the box has to be stopped.
   *
   * @param control counts what is copied, and stops it
   */
  public Created cloneBox(CloneRequest request, JobControl control) throws IOException {
    return Cloning.run(home, request, control);
  }

  /** Gives a box another name. Its disks stay where they are. */
  public Box rename(String oldName, String newName) throws IOException {
    return Renaming.run(home, oldName, newName);
  }

  /**
   * Removes a box with its snapshots.
   *
   * @param force also a running box, and one with layers that others need; these stay for them
   * @throws io.github.qcow4j.snapshot.error.DependedOnException when others need layers of it
   */
  public void remove(String name, boolean force) throws IOException {
    BoxRemoval.run(home, name, force);
  }

  /**
   * The same for several, one after the other; the first that cannot go ends it, with a {@link
   * io.github.qcow4j.snapshot.error.PartlyDoneException} that tells of those that are gone.
   */
  public void removeAll(List<String> names, boolean force) throws IOException {
    OneByOne.remove(names, name -> BoxRemoval.run(home, name, force));
  }

  /**
   * Holds a stopped box as running until the result is closed, or this process ends. What a restore
   * has kept is gone with it.
   *
   * @param holder whom refusals name meanwhile
   */
  public HeldBox hold(String name, Holder holder) throws IOException {
    return Running.hold(home, name, holder);
  }

  /**
   * Where a box may differ between two snapshots, or between one and its live disks, told from
   * metadata: no guest data is read.
   *
   * @param second another snapshot, or null for the live disks of the box, which is stopped then
   */
  public List<DiskDifference> diff(String box, String first, @Nullable String second)
      throws IOException {
    return Difference.run(home, box, first, second);
  }

  /**
   * Removes what is of no use to anybody, and snapshots beyond limits. A layer that several images
   * lie on stays for them, until the last one goes; else the data that is needed moves to what
   * depends on them. What fails with one thing is said of that one, and the others go all the same.
   * A dry run finds the same hindrances, for which it asks for the same leases.
   *
   * @param control stops it between two things
   * @return one line for each thing, in the order of removal
   */
  public List<Collected> collect(CollectRequest request, JobControl control) throws IOException {
    return collect(request, line -> {}, control);
  }

  /**
   * The same.
   *
   * @param told hears of each line as soon as it holds: what was done before the job was stopped
   */
  public List<Collected> collect(
      CollectRequest request, Consumer<? super Collected> told, JobControl control)
      throws IOException {
    return Collecting.run(home, request, told, control);
  }

  /**
   * Holds catalogue, files, every chain and every image against each other. Boxes that run, and
   * what others work with at this moment, are left alone, which is told.
   *
   * @param repair whether to mend what can be mended without losing data: leaked clusters, wrong
   *     reference counts, notes of the catalogue that headers disprove, permissions, boxes that
   *     only a dead process runs. A box whose live disks cannot be relied on is put under
   *     quarantine, and lifted from it when they can be again. Files that nothing knows are left to
   *     {@link #collect}
   * @param control counts images, and stops it
   */
  public HomeReport check(boolean repair, JobControl control) throws IOException {
    return Checking.run(home, repair, control);
  }

  /** What the root disks of a box and of its snapshots hang on, and what hangs on those. */
  public List<TreeNode> tree(String box) throws IOException {
    return new Views(home).tree(box);
  }

  @Override
  public ArchiveResult export(
      ExportRequest request, ArchiveDestination destination, JobControl control)
      throws IOException {
    return Exporting.toArchive(home, request, destination, control);
  }

  @Override
  public DirectoryResult exportDirectory(
      String box, @Nullable String snapshot, Path directory, JobControl control)
      throws IOException {
    return Exporting.toDirectory(home, box, snapshot, directory, control);
  }

  @Override
  public Created importArchive(
      ArchiveSource source, @Nullable String name, IntakeLimits limits, JobControl control)
      throws IOException {
    return Importing.fromArchive(home, source, name, limits, control);
  }

  @Override
  public Created cloneDirectory(
      Path directory, List<String> names, IntakeLimits limits, JobControl control)
      throws IOException {
    return FromDirectory.clone(home, directory, names, limits, control);
  }

  @Override
  public Created restoreDirectory(
      String box, Path directory, boolean force, IntakeLimits limits, JobControl control)
      throws IOException {
    return FromDirectory.restore(home, box, directory, force, limits, control);
  }

  /** Closes the catalogue; nothing may be under way. */
  @Override
  public void close() throws IOException {
    home.catalogue().close();
    if (room != null) {
      room.keep();
    }
  }
}
