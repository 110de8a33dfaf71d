package io.github.qcow4j.cli.fulldisk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Operations on boxes meet the end of a real file system's room, early and late: one line says so,
 * no file is there that was not, even before the next command could tidy up, every box and snapshot
 * shows what it showed, and is clean; and with room again the same operation succeeds. One that had
 * enough left what it leaves where there is plenty.
 *
 * <p>{@link Rooms} says how many amounts of room each operation meets on each file system.
 */
final class BoxesOnFullDiskTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 1130L);
  private static final String AT_FIRST = "first";
  private static final String PREPARED = "prepared";

  /**
   * File systems keep something back for their own tables, which small files get too, and a home a
   * reserve of 1 MiB, which it gives up where the catalogue finds no room.
   */
  private static final long WHAT_ALWAYS_FITS = 3 << 19;

  private List<String> filesBefore = List.of();
  private List<String> before = List.of();
  private List<String> after = List.of();
  private boolean writesInPlace;

  static List<Kind> kinds() {
    return Rooms.kinds();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aFullFileSystemLeavesTheBoxesAsTheyWere(Kind kind, @TempDir Path outside)
      throws IOException {
    writesInPlace = kind != Kind.BTRFS;
    Rooms rooms = new Rooms(SEED, kind);
    try (SmallFileSystem place = SmallFileSystem.mount(kind)) {
      FullDiskHome at = FullDiskHome.make(place.newDirectory(), outside);
      at.save(AT_FIRST);
      for (BoxJob job : BoxJob.values()) {
        long needed = finish(job, place, at);
        rooms.meet(
            needed,
            WHAT_ALWAYS_FITS,
            job + " on " + kind,
            room -> {
              String where = "%s on %s, room for %d of %d".formatted(job, kind, room, needed);
              boolean isFull = isFull(job, place, at, room, where);
              restore(job, at);
              return isFull;
            });
        if (job.isPrepared()) {
          at.restore(AT_FIRST);
        }
      }
    }
    System.out.printf("full disks of boxes on %s, seed %d: %s%n", kind, SEED, rooms);
  }

  /** What an operation needs; what shows before and after it is kept. */
  private long finish(BoxJob job, SmallFileSystem place, FullDiskHome at) throws IOException {
    if (job.isPrepared()) {
      job.prepare(at);
      at.save(PREPARED);
    }
    before = at.state();
    filesBefore = at.files();
    long used = place.usedBytes();
    OurRun run = job.run(at);
    assertThat(run.exitCode()).as(run.toString()).isZero();
    long needed = place.usedBytes() - used;
    after = FullDiskHome.withoutWhatIsMadeUp(at.state());
    assertThat(after).isEqualTo(FullDiskHome.repaired(after));
    restore(job, at);
    return needed;
  }

  private static void restore(BoxJob job, FullDiskHome at) throws IOException {
    at.restore(job.isPrepared() ? PREPARED : AT_FIRST);
  }

  /** Whether there was too little room. */
  private boolean isFull(
      BoxJob job, SmallFileSystem place, FullDiskHome at, long room, String where)
      throws IOException {
    place.leave(room);
    OurRun run = job.run(at);
    boolean full = run.exitCode() != 0;
    if (full) {
      assertThat(run.exitCode()).as("%s: %s", where, run).isEqualTo(1);
      assertThat(job.complaint(run))
          .as("%s: %s", where, run)
          .matches("[^\\n]*[Nn]o space left on (device|its file system)[^\\n]*\\n");
      if (isOpen(run)) {
        place.free();
        return settles(job, at, where);
      } else if (isDone(run)) {
        place.free();
        assertThat(FullDiskHome.withoutWhatIsMadeUp(at.state())).as(where).isEqualTo(after);
        return true;
      }
      assertUnchanged(job, at, where);
    }
    place.free();
    if (full) {
      OurRun again = job.run(at);
      assertThat(again.exitCode()).as("%s: %s", where, again).isZero();
    }
    List<String> left = full ? withoutAllowedLeaks(job, at.state()) : at.state();
    assertThat(FullDiskHome.withoutWhatIsMadeUp(left)).as(where).isEqualTo(after);
    return full;
  }

  /**
   * Whether it says that it may be done. Its intent is left in the catalogue then, for want of room
   * to write that it is over, as after data was moved into a disk, which keeps the room.
   */
  private static boolean isOpen(OurRun run) {
    return run.stderr().contains("is ended or undone by the next command");
  }

  /** Whether it says that it is done, and only cannot be shown. */
  private static boolean isDone(OurRun run) {
    return run.stderr().contains("but what it came to cannot be shown");
  }

  private boolean settles(BoxJob job, FullDiskHome at, String where) throws IOException {
    List<String> state = withoutAllowedLeaks(job, at.state());
    if (!FullDiskHome.withoutWhatIsMadeUp(state).equals(after)) {
      assertThat(job.asExpected(state)).as(where).isEqualTo(job.asExpected(before));
    }
    return true;
  }

  private void assertUnchanged(BoxJob job, FullDiskHome at, String where) throws IOException {
    assertThat(at.files()).as(where).isEqualTo(filesBefore);
    List<String> state = withoutAllowedLeaks(job, at.state());
    assertThat(job.asExpected(state)).as(where).isEqualTo(job.asExpected(before));
  }

  private List<String> withoutAllowedLeaks(BoxJob job, List<String> state) {
    return !writesInPlace && job.mayLeak() ? FullDiskHome.withoutLeaks(state) : state;
  }
}
