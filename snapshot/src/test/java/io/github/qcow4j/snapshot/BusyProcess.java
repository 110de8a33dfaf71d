package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.LeakGuard;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.error.DoneUnseenException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.model.HeldBox;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * A process of several threads that do so many random things to the boxes of a home: {@code
 * DIRECTORY SEED THREADS COUNT}. Whatever is refused is counted by its kind; anything else ends the
 * process with a failure, and so does a file or a thread that is left in the end. Says on lines
 * what came of it:
 *
 * <pre>
 * snapshot ID DIGEST       what a snapshot showed just after it was made
 * holder PID               whom a refusal named
 * count KIND NUMBER
 * </pre>
 */
final class BusyProcess {

  private static final Volume VOLUME = Volumes.host();
  private static final int MOST_BOXES = 12;

  private final BoxHome home;
  private final Random random;
  private final String name;
  private int names;
  private int done;
  private int refused;
  private int unnamed;
  private int vanished;

  private BusyProcess(BoxHome home, long seed) {
    this.home = home;
    this.random = new Random(seed);
    this.name = "p" + seed;
  }

  private void run(int count) throws Exception {
    for (int move = 0; move < count; move++) {
      try {
        move();
        done++;
      } catch (InUseException e) {
        refused++;
        tellHolder(e);
      } catch (ImageInUseException e) {
        refused++;
      } catch (DoneUnseenException e) {
        // Done, and then somebody else removed what was to be shown.
        if (!(e.getCause() instanceof BoxNotFoundException)) {
          throw e;
        }
        vanished++;
      } catch (BoxException e) {
        switch (e.kind()) {
          case CONFLICT -> refused++;
          case NOT_FOUND, EXISTS -> vanished++;
          default -> throw e;
        }
      }
    }
  }

  private void tellHolder(InUseException refusal) {
    String holder = refusal.holder();
    if (holder == null) {
      unnamed++;
    } else {
      say("holder " + holder.split(" ", -1)[1]);
    }
  }

  private static void say(String line) {
    synchronized (System.out) {
      System.out.println(line);
    }
  }

  private String newName() {
    names++;
    return name + "-" + names;
  }

  private <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private void move() throws Exception {
    List<Box> boxes = home.list();
    String box = pick(boxes).name();
    List<Snapshot> snapshots = home.snapshots(box);
    int dice = random.nextInt(20);
    if (dice < 4 || snapshots.isEmpty()) {
      snapshot(box);
    } else if (dice < 7) {
      write(box);
    } else if (dice < 9) {
      home.restore(new RestoreRequest(box, pick(snapshots).name(), null));
    } else if (dice < 10) {
      home.undo(box);
    } else if (dice < 12) {
      export(box, pick(snapshots).name());
    } else if (dice < 14) {
      home.mergeSnapshot(box, pick(snapshots).name(), new JobControl());
    } else if (dice < 15) {
      home.removeSnapshot(box, pick(snapshots).name());
    } else if (dice < 18 && boxes.size() < MOST_BOXES) {
      String from = random.nextBoolean() ? null : pick(snapshots).name();
      home.cloneBox(
          new CloneRequest(box, from, List.of(newName()), random.nextInt(4) == 0),
          new JobControl());
    } else if (boxes.size() > MOST_BOXES / 2) {
      home.remove(box, random.nextBoolean());
    }
  }

  /** What it shows is told, unless it is gone before it could be read. */
  private void snapshot(String box) throws Exception {
    String snapshot = newName();
    String id = home.snapshot(box, snapshot, "").id();
    try {
      byte[] bytes = DiskBytes.read(VOLUME, home.snapshotPath(box, snapshot, BoxDisk.ROOT));
      if (home.showSnapshot(box, snapshot).id().equals(id)) {
        say("snapshot " + id + " " + DiskBytes.digest(bytes));
      }
    } catch (NoSuchFileException e) {
      vanished++;
    }
  }

  /** As a virtual machine would: the box is held meanwhile. */
  private void write(String box) throws Exception {
    try (HeldBox held = home.hold(box, Holder.ofThisProcess(name))) {
      held.writtenBy(Holder.ofThisProcess(name));
      DiskBytes.write(
          VOLUME,
          home.path(box, BoxDisk.ROOT),
          random.nextInt(BoxWork.DISK_BYTES / 512 - 16) * 512L,
          512 * (1 + random.nextInt(16)),
          random.nextLong());
    }
  }

  private void export(String box, String snapshot) throws IOException {
    try (WritableByteChannel nowhere = Channels.newChannel(OutputStream.nullOutputStream())) {
      home.export(
          new ExportRequest(box, snapshot, Compression.NONE, 0),
          new ArchiveDestination.ToChannel(nowhere),
          new JobControl());
    }
  }

  public static void main(String[] arguments) throws Exception {
    long seed = Long.parseLong(arguments[1]);
    int threads = Integer.parseInt(arguments[2]);
    int count = Integer.parseInt(arguments[3]);
    HomeOptions options =
        HomeOptions.of(Path.of(arguments[0])).withCommand("busy " + seed).withMaxChainLayers(6);
    List<BusyProcess> all = new ArrayList<>();
    List<Thread> running = new ArrayList<>();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    // What is opened once for all that follow is open before.
    BoxHome.open(options).close();
    LeakGuard.Before before = LeakGuard.now();
    try (BoxHome home = BoxHome.open(options)) {
      for (int at = 0; at < threads; at++) {
        BusyProcess each = new BusyProcess(home, seed * 100 + at);
        all.add(each);
        Thread thread =
            new Thread(() -> {
              try {
                each.run(count);
              } catch (Throwable e) {
                failures.add(e);
              }
            });
        running.add(thread);
        thread.start();
      }
      for (Thread each : running) {
        each.join();
      }
    }
    List<String> left = LeakGuard.left(before);
    if (!left.isEmpty()) {
      failures.add(new AssertionError("left open: " + left));
    }
    for (BusyProcess each : all) {
      say("count done " + each.done);
      say("count refused " + each.refused);
      say("count unnamed " + each.unnamed);
      say("count vanished " + each.vanished);
    }
    failures.forEach(Throwable::printStackTrace);
    System.exit(failures.isEmpty() ? 0 : 1);
  }
}
