package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.model.HeldBox;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotRequest;
import io.github.qcow4j.snapshot.quiesce.OnQuiesceFailure;
import io.github.qcow4j.snapshot.quiesce.QuiesceMode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Random operations on a home, and a model that knows what it has to show after each: the digest of
 * every disk of every box and snapshot.
 */
final class RandomMoves {

  private static final int MAX_BOXES = 6;

  /** A process that is no more. */
  private static final Holder NOBODY =
      new Holder(ProcessHandle.current().pid(), Instant.EPOCH, "nobody");

  private final BoxHome home;
  private final Volume volume;
  private final Random random;
  private final Path image;
  private final Writer writer;
  private final String imageContent;
  private final Map<String, Map<String, String>> kept = new TreeMap<>();

  /** Directories that were exported, and the digests of their disks by role. */
  private final Map<Path, Map<String, String>> exported = new TreeMap<>();

  private int names;
  private Move last = new Move("nothing", () -> {}, shown -> {});

  /** Writes to a disk as a guest would. */
  interface Writer {
    void write(Path disk, long offset, int length, long seed) throws Exception;
  }

  /** One operation and what it does to the model. */
  record Move(String text, Operation operation, Consumer<Map<String, String>> model) {}

  interface Operation {
    void run() throws Exception;
  }

  RandomMoves(BoxHome home, Volume volume, Random random, Path image, Writer writer)
      throws IOException {
    this.home = home;
    this.volume = volume;
    this.random = random;
    this.image = image;
    this.writer = writer;
    this.imageContent = DiskBytes.digest(DiskBytes.file(volume, image));
    Path foreign = image.resolveSibling("foreign");
    exported.put(foreign, ForeignDirectory.make(volume, foreign, image));
  }

  /** Writes to some disks; returns what the home shows then. */
  Map<String, String> writeSome() throws Exception {
    for (Box box : home.list()) {
      if (random.nextInt(2) == 0) {
        BoxDisk disk = pick(box.disks());
        long offset = random.nextInt(BoxWork.DISK_BYTES / 512 - 16) * 512L;
        writer.write(disk.path(), offset, 512 * (1 + random.nextInt(16)), random.nextLong());
      }
    }
    return new TreeMap<>(Observation.of(home, volume).disks());
  }

  /** What the home has to show after a move; unchanged when it was refused. */
  Map<String, String> run(Move move, Map<String, String> before) throws Exception {
    try {
      move.operation().run();
    } catch (BoxException e) {
      if (e.kind() == BoxException.Kind.CONFLICT) {
        return before;
      }
      throw e;
    }
    Map<String, String> after = new TreeMap<>(before);
    move.model().accept(after);
    return after;
  }

  /** What the last move would have come to, had it not failed. */
  Map<String, String> expected(Map<String, String> before) {
    Map<String, String> after = new TreeMap<>(before);
    last.model().accept(after);
    return after;
  }

  Move next() throws IOException {
    last = choose();
    return last;
  }

  private Move choose() throws IOException {
    List<Box> boxes = home.list();
    if (boxes.isEmpty()) {
      return create();
    }
    Box box = pick(boxes);
    List<Snapshot> snapshots = home.snapshots(box.name());
    boolean full = boxes.size() >= MAX_BOXES;
    int dice = random.nextInt(29);
    if (dice < 2 && !full) {
      return create();
    } else if (dice < 7 || (snapshots.isEmpty() && dice < 14)) {
      return snapshot(box.name());
    } else if (dice < 10) {
      return restore(box.name(), pick(snapshots).name());
    } else if (dice < 12) {
      return undo(box.name());
    } else if (dice < 14) {
      return removeSnapshot(box.name(), pick(snapshots).name());
    } else if (dice < 18 && !full) {
      return cloneOf(box.name(), snapshots);
    } else if (dice < 19) {
      return rename(box.name());
    } else if (dice < 20) {
      return remove(box.name());
    } else if (dice < 22) {
      return exported.isEmpty() ? export(box.name()) : fromDirectory(box, full);
    } else if (dice < 23) {
      return export(box.name());
    } else if (dice < 25) {
      return upkeep(random.nextBoolean());
    } else if (dice < 27) {
      return full ? upkeep(true) : carryOver(box, snapshots);
    } else if (dice < 28) {
      return runFor(box.name());
    }
    return capture(box.name());
  }

  private Move export(String box) {
    Path directory = Path.of("/" + name());
    return new Move(
        "export " + box + " to " + directory,
        () -> home.exportDirectory(box, null, directory, new JobControl()),
        shown -> exported.put(directory, copy(shown, box + ":", "")));
  }

  private Move fromDirectory(Box box, boolean full) {
    Path directory = pick(List.copyOf(exported.keySet()));
    Map<String, String> disks = exported.get(directory);
    Set<String> roles = new HashSet<>(disks.keySet());
    roles.removeIf(role -> role.startsWith(Observation.CARRIED));
    boolean fits =
        box.disks().stream().map(BoxDisk::role).collect(Collectors.toSet()).equals(roles);
    if (fits && (full || random.nextBoolean())) {
      return new Move(
          "restore " + box.name() + " from " + directory,
          () ->
              home.restoreDirectory(
                  box.name(), directory, true, IntakeLimits.DEFAULT, new JobControl()),
          shown -> {
            kept.put(box.name(), copy(shown, box.name() + ":", box.name() + ":"));
            forgetLive(shown, box.name());
            shown.putAll(copy(disks, "", box.name() + ":"));
          });
    } else if (full) {
      return upkeep(true);
    }
    List<String> clones = List.of(name(), name());
    return new Move(
        "clone " + directory + " as " + clones,
        () -> home.cloneDirectory(directory, clones, IntakeLimits.DEFAULT, new JobControl()),
        shown -> {
          for (String each : clones) {
            shown.put(each, "box");
            shown.putAll(copy(disks, "", each + ":"));
          }
        });
  }

  /** What changes nothing that anybody sees. */
  private Move upkeep(boolean check) {
    return check
        ? new Move("check", () -> home.check(true, new JobControl()), shown -> {})
        : new Move(
            "collect",
            () -> home.collect(CollectRequest.ofGarbage(false), new JobControl()),
            shown -> {});
  }

  private <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private String name() {
    names++;
    return "n" + names;
  }

  private Move create() {
    String name = name();
    DiskSource root =
        switch (random.nextInt(3)) {
          case 0 -> new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES);
          case 1 -> new DiskSource.Overlay(BoxDisk.ROOT, image, null);
          default -> new DiskSource.Copied(BoxDisk.ROOT, image, null);
        };
    List<DiskSource> disks = new ArrayList<>(List.of(root));
    if (random.nextInt(3) == 0) {
      disks.add(new DiskSource.Empty("data", BoxWork.DISK_BYTES));
    }
    return new Move(
        "create " + name + " of " + disks,
        () -> home.create(new CreateRequest(name, disks), new JobControl()),
        shown -> {
          shown.put(name, "box");
          for (DiskSource disk : disks) {
            shown.put(name + ":" + disk.role(), content(disk));
          }
        });
  }

  private String content(DiskSource disk) {
    return disk instanceof DiskSource.Empty
        ? DiskBytes.digest(new byte[BoxWork.DISK_BYTES])
        : imageContent;
  }

  private Move snapshot(String box) {
    String name = name();
    return new Move(
        "snapshot " + box + "/" + name,
        () -> home.snapshot(box, name, ""),
        shown -> {
          shown.putAll(copyDisks(shown, box + ":", box + "/" + name + ":"));
          kept.remove(box);
        });
  }

  private Move restore(String box, String snapshot) {
    String keep = random.nextInt(4) == 0 ? name() : null;
    return new Move(
        "restore " + box + " to " + snapshot + " keeping " + keep,
        () -> home.restore(new RestoreRequest(box, snapshot, keep)),
        shown -> {
          if (keep != null) {
            shown.putAll(copyDisks(shown, box + ":", box + "/" + keep + ":"));
          }
          kept.put(box, copy(shown, box + ":", box + ":"));
          shown.putAll(copy(shown, box + "/" + snapshot + ":", box + ":"));
        });
  }

  /** An archive, and a box made of it. */
  private Move carryOver(Box box, List<Snapshot> snapshots) {
    String snapshot = snapshots.isEmpty() || random.nextBoolean() ? null : pick(snapshots).name();
    String name = name();
    return new Move(
        "export " + box.name() + "/" + snapshot + " and import it as " + name,
        () -> {
          ByteArrayOutputStream archive = new ByteArrayOutputStream();
          home.export(
              new ExportRequest(box.name(), snapshot, Compression.NONE, 0),
              new ArchiveDestination.ToChannel(Channels.newChannel(archive)),
              new JobControl());
          home.importArchive(
              new ArchiveSource.FromChannel(
                  Channels.newChannel(new ByteArrayInputStream(archive.toByteArray()))),
              name,
              IntakeLimits.DEFAULT,
              new JobControl());
        },
        shown -> {
          String from = snapshot == null ? box.name() : box.name() + "/" + snapshot;
          shown.put(name, "box");
          shown.putAll(copyDisks(shown, from + ":", name + ":"));
        });
  }

  private Move runFor(String box) {
    return new Move("run " + box, () -> home.hold(box, NOBODY).close(), shown -> kept.remove(box));
  }

  private Move capture(String box) {
    String name = name();
    return new Move(
        "capture " + box + "/" + name + ", running",
        () -> {
          try (HeldBox _ = home.hold(box, NOBODY)) {
            home.snapshot(
                new SnapshotRequest(box, name, "", new QuiesceMode.None(), OnQuiesceFailure.ABORT),
                new JobControl());
          }
        },
        shown -> {
          shown.putAll(copyDisks(shown, box + ":", box + "/" + name + ":"));
          kept.remove(box);
        });
  }

  private Move undo(String box) {
    return new Move(
        "undo " + box,
        () -> home.undo(box, true),
        shown -> {
          Map<String, String> old = kept.remove(box);
          if (old != null) {
            forgetLive(shown, box);
            shown.putAll(old);
          }
        });
  }

  private Move removeSnapshot(String box, String snapshot) {
    boolean merge = random.nextBoolean();
    return new Move(
        (merge ? "merge " : "remove ") + box + "/" + snapshot,
        () -> {
          if (merge) {
            home.mergeSnapshot(box, snapshot, new JobControl());
          } else {
            home.removeSnapshot(box, snapshot);
          }
        },
        shown -> shown.keySet().removeIf(key -> key.startsWith(box + "/" + snapshot + ":")));
  }

  private Move cloneOf(String box, List<Snapshot> snapshots) {
    String snapshot = snapshots.isEmpty() || random.nextBoolean() ? null : pick(snapshots).name();
    List<String> clones = random.nextBoolean() ? List.of(name()) : List.of(name(), name());
    boolean full = random.nextInt(4) == 0;
    return new Move(
        "clone " + box + "/" + snapshot + " as " + clones + (full ? " in full" : ""),
        () -> home.cloneBox(new CloneRequest(box, snapshot, clones, full), new JobControl()),
        shown -> {
          String from = snapshot == null ? box + ":" : box + "/" + snapshot + ":";
          for (String each : clones) {
            shown.put(each, "box");
            shown.putAll(copy(shown, from, each + ":"));
          }
        });
  }

  private Move rename(String box) {
    String name = name();
    return new Move(
        "rename " + box + " to " + name,
        () -> home.rename(box, name),
        shown -> {
          shown.putAll(copy(shown, box + ":", name + ":"));
          shown.putAll(copy(shown, box + "/", name + "/"));
          forget(shown, box);
          shown.put(name, "box");
          Map<String, String> undo = kept.remove(box);
          if (undo != null) {
            kept.put(name, copy(undo, box + ":", name + ":"));
          }
        });
  }

  private Move remove(String box) {
    boolean force = random.nextBoolean();
    return new Move(
        "remove " + box + (force ? " by force" : ""),
        () -> home.remove(box, force),
        shown -> forget(shown, box));
  }

  private void forget(Map<String, String> shown, String box) {
    shown
        .keySet()
        .removeIf(key -> key.equals(box) || key.startsWith(box + ":") || key.startsWith(box + "/"));
  }

  private static void forgetLive(Map<String, String> shown, String box) {
    shown.keySet().removeIf(key -> key.startsWith(box + ":"));
  }

  /** The same without files that are no disks. */
  private static Map<String, String> copyDisks(
      Map<String, String> from, String prefix, String newPrefix) {
    Map<String, String> disks = copy(from, prefix, newPrefix);
    disks.keySet().removeIf(key -> key.startsWith(newPrefix + Observation.CARRIED));
    return disks;
  }

  private static Map<String, String> copy(
      Map<String, String> from, String prefix, String newPrefix) {
    Map<String, String> copy = new TreeMap<>();
    from.forEach((key, value) -> {
      if (key.startsWith(prefix)) {
        copy.put(newPrefix + key.substring(prefix.length()), value);
      }
    });
    return copy;
  }
}
