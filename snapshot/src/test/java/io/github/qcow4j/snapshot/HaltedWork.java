package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskDifference;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.model.HeldBox;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.HomeReport;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotRequest;
import io.github.qcow4j.snapshot.quiesce.OnQuiesceFailure;
import io.github.qcow4j.snapshot.quiesce.QuiesceMode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Every operation once, on the home that {@link #prepare} makes. Long because there are that many:
 * a few lines each, in one list, so that none is seen to be missing.
 */
enum HaltedWork {
  CREATE {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.create(
          new CreateRequest(
              "new",
              List.of(
                  new DiskSource.Overlay(BoxDisk.ROOT, image(directory), null),
                  new DiskSource.Empty("data", DISK_BYTES))),
          control);
    }
  },
  CREATE_INDEPENDENT {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.create(
          new CreateRequest(
              "new", List.of(new DiskSource.Copied(BoxDisk.ROOT, image(directory), null))),
          control);
    }
  },
  SNAPSHOT {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      snapshotWeb(home, control);
    }
  },
  SNAPSHOT_SHORTENING_THE_CHAIN {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      snapshotWeb(home, control);
    }

    @Override
    HomeOptions options(Path directory) {
      return super.options(directory).withMaxChainLayers(3);
    }
  },
  SNAPSHOT_OF_A_RUNNING_BOX {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      // A process that is no more: nobody is to be stopped.
      Holder gone = new Holder(ProcessHandle.current().pid(), Instant.EPOCH, "gone");
      try (HeldBox held = home.hold("web", gone)) {
        held.writtenBy(gone);
        home.snapshot(
            new SnapshotRequest(
                "web", "s3", "", quiescing(directory), OnQuiesceFailure.CRASH_CONSISTENT),
            control);
      }
    }
  },
  RESTORE {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.restore(new RestoreRequest("web", "s1", null));
    }
  },
  RESTORE_KEEPING {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.restore(new RestoreRequest("web", "s1", "kept"));
    }
  },
  RESTORE_AGAIN {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.restore(new RestoreRequest("back", "b1", null));
    }
  },
  RESTORE_FROM_A_DIRECTORY {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.restoreDirectory(
          "back", directory.resolve(FOREIGN), true, IntakeLimits.DEFAULT, control);
    }
  },
  UNDO {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.undo("back");
    }
  },
  UNDO_BY_FORCE {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.undo("back", true);
    }
  },
  RUN {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.hold("back", Holder.ofThisProcess("halted")).close();
    }
  },
  CLONE {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      cloneWeb(home, null, false, control);
    }
  },
  CLONE_OF_A_SNAPSHOT {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      cloneWeb(home, "s1", false, control);
    }
  },
  CLONE_IN_FULL {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      cloneWeb(home, null, true, control);
    }
  },
  RENAME {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.rename("web", "renamed");
    }
  },
  REMOVE_SNAPSHOT {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.removeSnapshot("spare", "p2");
    }
  },
  REMOVE_SNAPSHOTS {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.removeSnapshots("spare", List.of("p2", "p3"));
    }

    @Override
    boolean inManySteps() {
      return true;
    }
  },
  MERGE_SNAPSHOT {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.mergeSnapshot("web", "s1", control);
    }
  },
  MERGE_SNAPSHOTS {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.mergeSnapshots("web", List.of("s1", "s2"), control);
    }

    @Override
    boolean inManySteps() {
      return true;
    }
  },
  REMOVE {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.remove("spare", false);
    }
  },
  REMOVE_BY_FORCE {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.remove("web", true);
    }
  },
  REMOVE_SEVERAL {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.removeAll(List.of("spare", "back"), false);
    }

    @Override
    boolean inManySteps() {
      return true;
    }
  },
  EXPORT {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.export(
          new ExportRequest("web", "s1", Compression.ZSTD, 3),
          new ArchiveDestination.ToFile(
              home.internals().volume(), directory.resolve(EXPORTED), RenameMode.NO_REPLACE),
          control);
    }
  },
  EXPORT_TO_A_DIRECTORY {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.exportDirectory("web", null, directory.resolve(EXPORTED_DIRECTORY), control);
    }
  },
  IMPORT {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.importArchive(
          new ArchiveSource.FromFile(home.internals().volume(), directory.resolve(ARCHIVE)),
          "new",
          IntakeLimits.DEFAULT,
          control);
    }
  },
  IMPORT_OF_A_STREAM {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      ByteArrayOutputStream archive = new ByteArrayOutputStream();
      home.export(
          new ExportRequest("web", null, Compression.NONE, 0),
          new ArchiveDestination.ToChannel(Channels.newChannel(archive)),
          control);
      home.importArchive(
          new ArchiveSource.FromChannel(
              Channels.newChannel(new ByteArrayInputStream(archive.toByteArray()))),
          "new",
          IntakeLimits.DEFAULT,
          control);
    }
  },
  CLONE_A_FOREIGN_DIRECTORY {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.cloneDirectory(
          directory.resolve(FOREIGN), List.of("c1", "c2"), IntakeLimits.DEFAULT, control);
    }
  },
  CHECK {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      HomeReport report = home.check(false, control);
      assertThat(report.lines()).isNotEmpty();
    }

    @Override
    boolean onlyLooks() {
      return true;
    }
  },
  REPAIR {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      HomeReport report = home.check(true, control);
      assertThat(report.lines()).isNotEmpty();
    }
  },
  DIFF {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      List<DiskDifference> between = home.diff("web", "s1", "s2");
      List<DiskDifference> since = home.diff("web", "s1", null);
      assertThat(between).hasSameSizeAs(since);
    }

    @Override
    boolean onlyLooks() {
      return true;
    }
  },
  LOOK {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      for (Box box : home.list()) {
        assertThat(home.show(box.name()).id()).isEqualTo(box.id());
        assertThat(home.path(box.name(), BoxDisk.ROOT)).isEqualTo(box.disks().getFirst().path());
        assertThat(home.tree(box.name())).isNotEmpty();
        for (Snapshot snapshot : home.snapshots(box.name())) {
          assertThat(home.showSnapshot(box.name(), snapshot.name()).id()).isEqualTo(snapshot.id());
          assertThat(home.snapshotPath(box.name(), snapshot.name(), BoxDisk.ROOT))
              .isEqualTo(snapshot.disks().getFirst().path());
        }
      }
    }

    @Override
    boolean onlyLooks() {
      return true;
    }
  },
  COLLECT_NOTHING {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.collect(new CollectRequest(true, 4, null, null), control);
    }

    @Override
    boolean onlyLooks() {
      return true;
    }
  },
  COLLECT {
    @Override
    void run(BoxHome home, Path directory, JobControl control) throws IOException {
      home.collect(new CollectRequest(false, 4, null, null), control);
    }

    @Override
    boolean inManySteps() {
      return true;
    }
  };

  static final String EXPORTED = "exported.boxlite";
  static final String EXPORTED_DIRECTORY = "exported";
  private static final String ARCHIVE = "web.boxlite";
  private static final String FOREIGN = "foreign";
  private static final String HOOK = "hook";
  private static final String HOME = "home";
  private static final String IMAGE = "image.raw";
  private static final int DISK_BYTES = BoxWork.DISK_BYTES;

  /** Does it. */
  final void run(BoxHome home, Path directory) throws IOException {
    run(home, directory, new JobControl());
  }

  /** Does it, as long as nobody stops it. */
  abstract void run(BoxHome home, Path directory, JobControl control) throws IOException;

  /** Whether each step of it is whole by itself. */
  boolean inManySteps() {
    return false;
  }

  /** Whether it leaves everything as it is. */
  boolean onlyLooks() {
    return false;
  }

  /** Whether the journal knows of it: repairs of images need none. */
  final boolean hasSteps() {
    return this != REPAIR && !onlyLooks();
  }

  /** Whether it has enough to do to be stopped where storage is shared, not copied. */
  boolean canBeStopped() {
    return switch (this) {
      case CREATE, CREATE_INDEPENDENT, CLONE_OF_A_SNAPSHOT, RENAME, RUN -> false;
      case RESTORE, RESTORE_KEEPING, RESTORE_AGAIN, UNDO, UNDO_BY_FORCE -> false;
      case REMOVE_SNAPSHOT, REMOVE_SNAPSHOTS -> false;
      case REMOVE, REMOVE_BY_FORCE, REMOVE_SEVERAL -> false;
      case DIFF, LOOK -> false;
      default -> true;
    };
  }

  /** Requires of what is shown that nothing of it lies between these two. */
  void requireOldOrNew(
      Map<String, String> before,
      Map<String, String> after,
      Map<String, String> shown,
      String what) {
    if (!inManySteps()) {
      assertThat(List.of(before, after)).as(what).contains(shown);
      return;
    }
    Map<String, String> possible = new HashMap<>(before);
    possible.putAll(after);
    assertThat(possible).as(what).containsAllEntriesOf(shown);
    assertThat(shown).as(what).containsAllEntriesOf(after);
  }

  HomeOptions options(Path directory) {
    return HomeOptions.of(directory.resolve(HOME)).withCommand("the halted one");
  }

  static Path image(Path directory) {
    return directory.resolve(IMAGE);
  }

  /** Where no processes are, there is nobody to ask. */
  private static QuiesceMode quiescing(Path directory) {
    Path hook = directory.resolve(HOOK);
    return Files.exists(hook) ? new QuiesceMode.Hook(hook) : new QuiesceMode.None();
  }

  private static void snapshotWeb(BoxHome home, JobControl control) throws IOException {
    home.snapshot(
        new SnapshotRequest("web", "s3", "", new QuiesceMode.Auto(), OnQuiesceFailure.ABORT),
        control);
  }

  private static void cloneWeb(
      BoxHome home, @Nullable String snapshot, boolean full, JobControl control)
      throws IOException {
    home.cloneBox(new CloneRequest("web", snapshot, List.of("c1", "c2"), full), control);
  }

  /** The same on the host's files, with a hook that can be run. */
  static void prepare(Path directory) throws Exception {
    Path hook = Files.writeString(directory.resolve(HOOK), "#!/bin/sh\nexit 0\n");
    if (!hook.toFile().setExecutable(true)) {
      throw new IOException("cannot make " + hook + " executable");
    }
    try (BoxHome home = BoxHome.open(CREATE.options(directory))) {
      prepare(home, Volumes.host(), directory);
    }
  }

  /**
   * Boxes in all states: {@code web} of two disks with two snapshots, of the first of which {@code
   * twin} is a clone; {@code back}, restored, what was replaced being kept; {@code spare}, whose
   * second and third snapshot nothing depends on; clusters that are counted, and of no use; an
   * archive; and a directory of Cocoon's.
   *
   * @param home an empty one in this directory
   */
  static void prepare(BoxHome home, Volume volume, Path directory) throws Exception {
    byte[] bytes = new byte[DISK_BYTES];
    new Random(5).nextBytes(bytes);
    ForeignDirectory.write(volume, image(directory), bytes);
    ForeignDirectory.make(volume, directory.resolve(FOREIGN), image(directory));
    JobControl control = new JobControl();
    home.create(
        new CreateRequest(
            "web",
            List.of(
                new DiskSource.Overlay(BoxDisk.ROOT, image(directory), null),
                new DiskSource.Empty("data", DISK_BYTES))),
        control);
    home.create(
        new CreateRequest("back", List.of(new DiskSource.Empty(BoxDisk.ROOT, DISK_BYTES))),
        control);
    home.create(
        new CreateRequest("spare", List.of(new DiskSource.Empty(BoxDisk.ROOT, DISK_BYTES))),
        control);
    for (int step = 1; step <= 2; step++) {
      for (String box : List.of("web", "back", "spare")) {
        for (BoxDisk disk : home.show(box).disks()) {
          int offset = 4096 * (step + box.length());
          DiskBytes.write(volume, disk.path(), offset, 5000, offset + disk.role().length());
        }
      }
      home.snapshot("web", "s" + step, "");
      home.snapshot("spare", "p" + step, "");
    }
    home.snapshot("back", "b1", "");
    home.cloneBox(new CloneRequest("web", "s1", List.of("twin"), false), control);
    for (String box : List.of("web", "back", "spare", "twin")) {
      DiskBytes.write(volume, home.path(box, BoxDisk.ROOT), 512, 700, box.hashCode());
    }
    home.restore(new RestoreRequest("back", "b1", null));
    home.restore(new RestoreRequest("spare", "p1", null));
    home.snapshot("spare", "p3", "");
    home.restore(new RestoreRequest("spare", "p1", null));
    home.snapshot("spare", "p4", "");
    Damage.leakCluster(volume, home.snapshotPath("web", "s1", BoxDisk.ROOT));
    Damage.leakCluster(volume, home.path("twin", BoxDisk.ROOT));
    home.export(
        new ExportRequest("web", "s2", Compression.ZSTD, 3),
        new ArchiveDestination.ToFile(volume, directory.resolve(ARCHIVE), RenameMode.NO_REPLACE),
        control);
  }
}
