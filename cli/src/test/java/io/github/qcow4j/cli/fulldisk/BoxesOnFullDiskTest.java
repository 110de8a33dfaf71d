package io.github.qcow4j.cli.fulldisk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.box.BoxRun;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.qcow2.testing.ContentDigest;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Operations on boxes meet the end of a real file system's room, early and late: one line says so,
 * nothing is there that was not, the box and its snapshot show what they showed, and are clean; and
 * with room again the same operation succeeds.
 *
 * <p>{@code -Dqcow4j.full.points} sets how many amounts of room each operation meets on each file
 * system, {@code -Dqcow4j.seed} what they are drawn with.
 */
final class BoxesOnFullDiskTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 1130L);
  private static final int POINTS = Integer.getInteger("qcow4j.full.points", 2);
  private static final QemuTools QEMU = QemuTools.require();
  private static final int MIB = 1 << 20;

  /**
   * File systems keep something back for their own tables, which small files get too, and a home a
   * reserve of 1 MiB, which it gives up where the catalogue finds no room.
   */
  private static final long WHAT_ALWAYS_FITS = 3 << 19;

  /**
   * An operation, and what undoes it; {@code DIR} is the home's directory, {@code OUTSIDE}
   * another's.
   */
  enum Job {
    CREATE("create new --from OUTSIDE/disk.qcow2 --independent", "rm new"),
    CREATE_OVERLAY("create new --from OUTSIDE/disk.qcow2", "rm new"),
    SNAPSHOT("snapshot create web two", "snapshot rm --merge web two"),
    CLONE("clone web new --snapshot one", "rm new"),
    CLONE_FULL("clone web new --snapshot one --full", "rm new"),
    EXPORT("export web -o DIR/out.boxlite", "DIR/out.boxlite"),
    EXPORT_SNAPSHOT(
        "export web --snapshot one -o DIR/out.boxlite --compress none", "DIR/out.boxlite"),
    EXPORT_TO_DIRECTORY("export web --to-dir DIR/out", "DIR/out"),
    IMPORT("import DIR/in.boxlite --name new", "rm new");

    private final String line;
    private final String undo;

    Job(String line, String undo) {
      this.line = line;
      this.undo = undo;
    }

    OurRun run(Place at) {
      return at.box.call(
          line.replace("DIR", at.directory.toString())
              .replace("OUTSIDE", at.outside.toString())
              .split(" ", -1));
    }

    void done(Place at) throws IOException {
      OurRun run = run(at);
      assertThat(run.exitCode()).as(run.toString()).isZero();
    }

    void undo(Place at) throws IOException {
      if (undo.startsWith("DIR")) {
        LoopFileSystem.delete(Path.of(undo.replace("DIR", at.directory.toString())));
      } else {
        String _ = at.box.ok(undo.split(" ", -1));
      }
    }
  }

  /** A home with the box {@code web}, its snapshot {@code one}, an image and an archive. */
  private record Place(SmallFileSystem own, Path outside, Path directory, BoxRun box) {

    static Place make(Kind kind, Path outside) throws IOException {
      SmallFileSystem own = SmallFileSystem.mount(kind);
      Path directory = own.newDirectory();
      Place place = new Place(own, outside, directory, new BoxRun(directory.resolve("home")));
      Workbench bench = Workbench.in(outside);
      Path noise = bench.file("noise", Workbench.halfRandomBytes(2 * MIB, 1));
      bench.image("disk.qcow2", "", 4 * MIB, "write -s " + noise + " 0 2M");
      place.box.ok("create", "web", "--from", outside.resolve("disk.qcow2").toString());
      bench.write(place.disk(), "write -P 3 1M 1M");
      place.box.ok("snapshot", "create", "web", "one");
      bench.write(place.disk(), "write -P 4 2M 1M");
      place.box.ok("export", "web", "-o", directory.resolve("in.boxlite").toString());
      return place;
    }

    Path disk() {
      return Path.of(box.ok("path", "web").strip());
    }

    /** Everything that shows, and every file there is. */
    List<String> state() throws IOException {
      try (Stream<Path> files = Files.walk(directory)) {
        return Stream.of(
                files
                    .map(file -> directory.relativize(file).toString())
                    .filter(name -> !name.startsWith("home/catalogue"))
                    .sorted(),
                Stream.of(
                    box.ok("list", "--json"),
                    box.ok("snapshot", "list", "web", "--json"),
                    content(disk()),
                    content(Path.of(box.ok("snapshot", "path", "web", "one").strip()))))
            .flatMap(all -> all)
            .flatMap(String::lines)
            .filter(line -> !line.matches(" *\"(allocated_size|size_bytes|last_used_at)\".*"))
            .toList();
      }
    }

    private String content(Path image) throws IOException {
      Path raw = outside.resolve("content.raw");
      QEMU.assertCheckClean(image);
      QEMU.convertToRaw(image, raw);
      String digest = ContentDigest.ofRaw(raw).toString();
      Files.delete(raw);
      return digest;
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EXT4", "XFS", "BTRFS"})
  void aFullFileSystemLeavesTheBoxesAsTheyWere(Kind kind, @TempDir Path outside)
      throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    Place at = Place.make(kind, outside);
    int full = 0;
    try (SmallFileSystem own = at.own) {
      List<String> before = at.state();
      for (Job job : Job.values()) {
        long used = own.usedBytes();
        job.done(at);
        long needed = own.usedBytes() - used;
        job.undo(at);
        int fullInJob = 0;
        for (long room : SmallFileSystem.rooms(needed, POINTS, random)) {
          String where = "%s on %s, room for %d of %d".formatted(job, kind, room, needed);
          fullInJob += isFull(job, at, room, before, where) ? 1 : 0;
        }
        if (needed > WHAT_ALWAYS_FITS) {
          assertThat(fullInJob).as("full disks that %s met on %s", job, kind).isPositive();
        }
        full += fullInJob;
      }
    }
    System.out.printf("full disks of boxes on %s, seed %d: %d%n", kind, SEED, full);
  }

  /** Whether there was too little room. */
  private static boolean isFull(Job job, Place at, long room, List<String> before, String where)
      throws IOException {
    at.own.leave(room);
    OurRun run = job.run(at);
    boolean full = run.exitCode() != 0;
    if (full) {
      assertThat(run.exitCode()).as("%s: %s", where, run).isEqualTo(1);
      assertThat(run.stderr())
          .as("%s: %s", where, run)
          .matches("qcow4j: [^\\n]*No space left on device[^\\n]*\\n");
      assertThat(at.state()).as(where).isEqualTo(before);
    }
    at.own.free();
    if (full && room == 0) {
      job.done(at);
    }
    if (!full || room == 0) {
      job.undo(at);
      assertThat(at.state()).as(where).isEqualTo(before);
    }
    return full;
  }
}
