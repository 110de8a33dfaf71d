package io.github.qcow4j.cli.fulldisk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Commands on images meet the end of a real file system's room, early and late: one line says so,
 * no file is there that was not, every other is as it was, every image is clean and shows what it
 * showed; and with room again the same command succeeds. A command that had enough left what it
 * leaves where there is plenty.
 *
 * <p>{@link Rooms} says how many amounts of room each command meets on each file system.
 */
final class ImagesOnFullDiskTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 1129L);
  private static final QemuTools QEMU = QemuTools.require();

  /** File systems keep something back for their own tables, which small files get too. */
  private static final long WHAT_ALWAYS_FITS = 512 << 10;

  /** What qemu-img check ends with when there is nothing worse. */
  private static final int LEAKS = 3;

  @TempDir private Path pristine;
  @TempDir private Path finished;
  private boolean writesInPlace;

  static List<Kind> kinds() {
    return Rooms.kinds();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aFullFileSystemLeavesEverythingAsItWas(Kind kind) throws IOException {
    FullDiskImages.make(pristine);
    writesInPlace = kind != Kind.BTRFS;
    Rooms rooms = new Rooms(SEED, kind);
    try (SmallFileSystem place = SmallFileSystem.mount(kind)) {
      Path directory = place.newDirectory();
      copyAll(pristine, directory);
      for (ImageJob job : ImageJob.values()) {
        long needed = finish(job, place, directory);
        rooms.meet(
            needed,
            WHAT_ALWAYS_FITS,
            job + " on " + kind,
            room -> {
              String where = "%s on %s, room for %d of %d".formatted(job, kind, room, needed);
              boolean isFull = isFull(job, place, directory, room, where);
              restore(job, directory);
              return isFull;
            });
      }
    }
    System.out.printf("full disks of images on %s, seed %d: %s%n", kind, SEED, rooms);
  }

  /** What a command needs; what it leaves is kept. */
  private long finish(ImageJob job, SmallFileSystem place, Path directory) throws IOException {
    long before = place.usedBytes();
    assertThat(names(directory)).isEqualTo(names(pristine));
    OurRun run = job.run(directory);
    assertThat(run.exitCode()).as(run.toString()).isZero();
    long needed = place.usedBytes() - before;
    LoopFileSystem.delete(finished);
    Files.createDirectory(finished);
    copyAll(directory, finished);
    restore(job, directory);
    return needed;
  }

  /** Whether there was too little room. */
  private boolean isFull(
      ImageJob job, SmallFileSystem place, Path directory, long room, String where)
      throws IOException {
    place.leave(room);
    OurRun run = job.run(directory);
    if (run.exitCode() == 0) {
      place.free();
      assertFinished(job, directory, where);
      return false;
    }
    assertThat(run.exitCode()).as("%s: %s", where, run).isEqualTo(1);
    assertThat(job.complaint(run))
        .as("%s: %s", where, run)
        .matches("[^\\n]*No space left on device\\)?\\n");
    if (ImageJob.isDoneAllTheSame(run)) {
      place.free();
      assertFinished(job, directory, where);
      return true;
    }
    boolean isUnchanged = isUnchanged(job, directory, where);
    place.free();
    if (room == 0 || !isUnchanged) {
      OurRun again = job.run(directory);
      assertThat(again.exitCode()).as("%s: %s", where, again).isZero();
      assertFinished(job, directory, where);
    }
    return true;
  }

  /** Whether all bytes are what they were; that the images show what they showed is asserted. */
  private boolean isUnchanged(ImageJob job, Path directory, String where) throws IOException {
    assertThat(names(directory)).as(where).isEqualTo(names(pristine));
    boolean isUnchanged = true;
    for (String name : names(pristine)) {
      Path image = directory.resolve(name);
      if (isSame(image, pristine.resolve(name))) {
        continue;
      }
      isUnchanged = false;
      String what = where + ": " + name;
      assertThat(job.changed()).as(what).contains(name);
      if (job.mayFill(name)) {
        assertSound(job, image, pristine.resolve(name), what);
        assertThat(ShownImage.isOfBoth(image, pristine.resolve(name), finished.resolve(name)))
            .as(what)
            .isTrue();
      } else if (job.repairs()) {
        compare(image, pristine.resolve(name), false);
      } else {
        assertSound(job, image, pristine.resolve(name), what);
        compare(image, pristine.resolve(name), !job.mayHoldOther());
      }
    }
    return isUnchanged;
  }

  private void assertFinished(ImageJob job, Path directory, String where) throws IOException {
    assertThat(names(directory)).as(where).isEqualTo(names(finished));
    for (String name : names(finished)) {
      Path image = directory.resolve(name);
      if (!isSame(image, finished.resolve(name))) {
        assertThat(job.changed().contains(name) || name.startsWith("new.")).as(where).isTrue();
        assertSound(job, image, finished.resolve(name), where + ": " + name);
        compare(image, finished.resolve(name), true);
      }
    }
  }

  private void assertSound(ImageJob job, Path image, Path expected, String what)
      throws IOException {
    if (ShownImage.isQcow2(image)) {
      if (job.mayLeak() && !writesInPlace) {
        QEMU.img("check", image.toString()).expectExit(0, LEAKS);
      } else {
        QEMU.assertCheckClean(image);
      }
      assertThat(ShownImage.besidesItsDisk(image))
          .as(what)
          .isEqualTo(ShownImage.besidesItsDisk(expected));
    }
  }

  private static void compare(Path image, Path expected, boolean strictly) {
    List<String> compare = new ArrayList<>(List.of("compare"));
    if (strictly) {
      compare.add("-s");
    }
    compare.add(image.toString());
    compare.add(expected.toString());
    QEMU.img(compare).orFail();
  }

  private static boolean isSame(Path left, Path right) throws IOException {
    return Files.mismatch(left, right) == -1;
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void copyAll(Path from, Path to) throws IOException {
    for (String name : names(from)) {
      Files.copy(from.resolve(name), to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Puts everything back that the command may have changed. */
  private void restore(ImageJob job, Path directory) throws IOException {
    for (String name : names(directory)) {
      boolean isChanged = job.changed().contains(name) || !Files.exists(pristine.resolve(name));
      if (isChanged) {
        Files.delete(directory.resolve(name));
      }
    }
    for (String name : job.changed()) {
      Files.copy(pristine.resolve(name), directory.resolve(name));
    }
  }
}
