package io.github.qcow4j.cli.fulldisk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Commands on images meet the end of a real file system's room, early and late: one line says so,
 * no file is there that was not, every other is as it was, every image is clean and shows what it
 * showed; and with room again the same command succeeds.
 *
 * <p>{@code -Dqcow4j.full.points} sets how many amounts of room each command meets on each file
 * system, {@code -Dqcow4j.seed} what they are drawn with.
 */
final class ImagesOnFullDiskTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 1129L);
  private static final int POINTS = Integer.getInteger("qcow4j.full.points", 2);
  private static final QemuTools QEMU = QemuTools.require();
  private static final int MIB = 1 << 20;

  /** File systems keep something back for their own tables, which small files get too. */
  private static final long WHAT_ALWAYS_FITS = 512 << 10;

  /** A command, with file names that stand for those in the directory. */
  enum Job {
    CONVERT("", "top.qcow2", "convert -f qcow2 -O qcow2 top.qcow2 new.qcow2"),
    CONVERT_COMPRESSED("", "top.qcow2", "convert -c -f qcow2 -O qcow2 top.qcow2 new.qcow2"),
    CONVERT_TO_RAW("", "top.qcow2", "convert -f qcow2 -O raw top.qcow2 new.raw"),
    CONVERT_OVER_ANOTHER("", "old.qcow2", "convert -f qcow2 -O qcow2 top.qcow2 old.qcow2"),
    COMMIT("base.qcow2", "top.qcow2", "commit -d -f qcow2 top.qcow2"),
    FLATTEN("top.qcow2", "top.qcow2", "rebase -f qcow2 -b  top.qcow2"),
    REBASE("top.qcow2", "top.qcow2", "rebase -f qcow2 -F qcow2 -b old.qcow2 top.qcow2"),
    RESIZE("old.qcow2", "old.qcow2", "resize -f qcow2 --preallocation=falloc old.qcow2 8M"),
    RESIZE_FULL("old.qcow2", "old.qcow2", "resize -f qcow2 --preallocation=full old.qcow2 8M"),
    RESIZE_L1("old.qcow2", "old.qcow2", "resize -f qcow2 old.qcow2 8T"),
    SNAPSHOT("old.qcow2", "old.qcow2", "snapshot -c more old.qcow2"),
    BITMAP("old.qcow2", "old.qcow2", "bitmap --add old.qcow2 more"),
    ANOTHER_BITMAP("bitmaps.qcow2", "bitmaps.qcow2", "bitmap --add bitmaps.qcow2 more");

    private final String changed;
    private final String shown;
    private final String line;

    /**
     * A command.
     *
     * @param changed the image that may have other bytes, or empty
     * @param shown the image that has to show the same afterwards
     */
    Job(String changed, String shown, String line) {
      this.changed = changed;
      this.shown = shown;
      this.line = line;
    }

    /**
     * Whether an overlay that it failed on may hold itself what it only showed before, as {@link
     * io.github.qcow4j.qcow2.rebase.Rebase} says.
     */
    private boolean mayHoldMore() {
      return this == FLATTEN || this == REBASE;
    }

    OurRun run(Path directory) {
      return OurRun.asQemuImg(
          Stream.of(line.split(" ", -1))
              .map(word -> word.contains(".") ? directory.resolve(word).toString() : word)
              .toList());
    }
  }

  @TempDir private Path pristine;

  @ParameterizedTest
  @EnumSource(names = {"EXT4", "XFS", "BTRFS"})
  void aFullFileSystemLeavesEverythingAsItWas(Kind kind) throws IOException {
    makeImages();
    SplittableRandom random = new SplittableRandom(SEED);
    int full = 0;
    try (SmallFileSystem place = SmallFileSystem.mount(kind)) {
      Path directory = place.newDirectory();
      for (Job job : Job.values()) {
        restore(directory);
        long before = place.usedBytes();
        assertDone(job, directory);
        long needed = place.usedBytes() - before;
        int fullInJob = 0;
        for (long room : SmallFileSystem.rooms(needed, POINTS, random)) {
          restore(directory);
          String where = "%s on %s, room for %d of %d".formatted(job, kind, room, needed);
          fullInJob += isFull(job, place, directory, room, where) ? 1 : 0;
        }
        if (needed > WHAT_ALWAYS_FITS) {
          assertThat(fullInJob).as("full disks that %s met on %s", job, kind).isPositive();
        }
        full += fullInJob;
      }
    }
    System.out.printf("full disks of images on %s, seed %d: %d%n", kind, SEED, full);
  }

  /** Whether there was too little room. */
  private boolean isFull(Job job, SmallFileSystem place, Path directory, long room, String where)
      throws IOException {
    place.leave(room);
    OurRun run = job.run(directory);
    if (run.exitCode() == 0) {
      place.free();
      return false;
    }
    assertThat(run.exitCode()).as("%s: %s", where, run).isEqualTo(1);
    assertThat(run.stderr())
        .as("%s: %s", where, run)
        .matches("qemu-img: [^\\n]*No space left on device\\)?\\n");
    assertUnchanged(job, directory, where);
    place.free();
    if (room == 0) {
      assertDone(job, directory);
    }
    return true;
  }

  private void assertUnchanged(Job job, Path directory, String where) throws IOException {
    assertThat(names(directory)).as(where).isEqualTo(names(pristine));
    for (String name : names(pristine)) {
      if (!name.equals(job.changed)) {
        assertThat(Files.mismatch(directory.resolve(name), pristine.resolve(name)))
            .as("%s: %s", where, name)
            .isEqualTo(-1);
      }
    }
    if (!job.changed.isEmpty()) {
      QEMU.assertCheckClean(directory.resolve(job.changed));
      assertThat(facts(directory.resolve(job.changed)))
          .as(where)
          .isEqualTo(facts(pristine.resolve(job.changed)));
      List<String> compare = new ArrayList<>(List.of("compare"));
      if (!job.mayHoldMore()) {
        compare.add("-s");
      }
      compare.add(directory.resolve(job.shown).toString());
      compare.add(pristine.resolve(job.shown).toString());
      QEMU.img(compare.toArray(String[]::new)).orFail();
    }
  }

  private static void assertDone(Job job, Path directory) {
    OurRun run = job.run(directory);
    assertThat(run.exitCode()).as(run.toString()).isZero();
  }

  /** What info tells of size, backing file, snapshots, bitmaps; not where the image is. */
  private static List<String> facts(Path image) {
    return QEMU.infoJson(image)
        .lines()
        .filter(line -> !line.contains("filename\"") && !line.contains("actual-size"))
        .filter(line -> !line.matches(".*\"(virtual-size|offset)\".*") || line.contains("virtual"))
        .toList();
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private void restore(Path directory) throws IOException {
    for (String name : names(directory)) {
      Files.delete(directory.resolve(name));
    }
    for (String name : names(pristine)) {
      Files.copy(
          pristine.resolve(name), directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void makeImages() throws IOException {
    Workbench bench = Workbench.in(pristine);
    Path noise = bench.file("noise", Workbench.halfRandomBytes(2 * MIB, 1));
    // What is compressed cannot be shared with a file that holds it plain.
    String write = "write -c -s " + noise + " ";
    bench.image("base.qcow2", "", 3 * MIB, write + "0 1M");
    bench.overlay("top.qcow2", "", "base.qcow2", write + "512k 2M");
    bench.image("old.qcow2", "", 3 * MIB, "write -P 7 512k 512k");
    bench.snapshot(bench.path("old.qcow2"), "first");
    bench.write(bench.path("old.qcow2"), "write -P 8 512k 128k");
    Path bitmaps = bench.image("bitmaps.qcow2", "", 3 * MIB, "write -P 7 512k 512k");
    QEMU.img("bitmap", "--add", bitmaps.toString(), "one").orFail();
    Files.delete(noise);
  }
}
