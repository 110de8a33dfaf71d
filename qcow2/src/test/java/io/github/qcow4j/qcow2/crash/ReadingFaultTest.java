package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.Faults;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.checksum.ChecksumException;
import io.github.qcow4j.qcow2.compare.ComparisonException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each job that only reads, on a disk that fails at its first call, then at a later one, and so on
 * until a run is left alone. Whatever failed, the job tells so and names the file, or it has the
 * right answer all the same: never is the image called corrupt, nor are disks called alike or
 * different, nor anything clean that was not seen. Nothing is changed, and nothing stays open.
 *
 * <p>{@code -Dqcow4j.seed} sets the seed of the images, {@code -Dqcow4j.fault.seeds} for how many
 * of them each call fails.
 */
class ReadingFaultTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 5L);
  private static final int SEEDS = Integer.getInteger("qcow4j.fault.seeds", 3);

  /** So many that nothing can be read again: an answer would be a guess. */
  private static final long GONE = 1_000_000;

  /** One that fails alone, a place that is read again in another way, and a disk that is gone. */
  private static final long[] FAILING_CALLS = {1, 2, GONE};

  private static int sum;

  @BeforeAll
  static void forget() {
    sum = 0;
  }

  @AfterAll
  static void print() {
    System.out.println("faults in reading jobs, seed " + SEED + ": " + sum);
  }

  @ParameterizedTest
  @EnumSource
  void noFailureOfAReadBecomesAnAnswer(ReadingJob job) throws Exception {
    int faults = 0;
    for (long seed = SEED; seed < SEED + SEEDS; seed++) {
      SimulatedVolume volume = SimulatedVolume.create();
      ReadingJob.prepare(volume, new Random(seed));
      volume.settle();
      Object answer = job.run(volume);
      for (long calls : FAILING_CALLS) {
        String where = "seed %d, %d failing".formatted(seed, calls);
        faults += failCalls(job, volume, calls, answer, where);
      }
    }
    System.out.println("faults in " + job + ": " + faults);
    sum += faults;
    assertThat(faults).isGreaterThan(10 * SEEDS);
  }

  private static int failCalls(
      ReadingJob job, SimulatedVolume volume, long calls, Object answer, String where)
      throws Exception {
    for (int nth = 1; ; nth++) {
      Faults faults = volume.faults().failCalls(nth, calls, Errno.EIO);
      int eventsBefore = volume.events();
      String call = "%s, %s at call %d".formatted(job, where, nth);
      try {
        Object told = job.run(volume);
        boolean unseen = faults.happened() && calls == GONE;
        assertThat(
                (told.equals(answer) && !unseen) || (faults.happened() && job.tellsOfFailure(told)))
            .as("%s: the answer is %s, not %s", call, told, answer)
            .isTrue();
      } catch (IOException e) {
        assertThat(faults.happened()).as("%s: nothing had failed: %s", call, e).isTrue();
        requireStorageFailure(e, call);
      }
      boolean happened = faults.happened();
      faults.none();
      volume.assertNothingOpen();
      OwnThreads.requireNone();
      assertThat(volume.events()).as("%s: changes", call).isEqualTo(eventsBefore);
      if (!happened) {
        return nth - 1;
      }
    }
  }

  /** The failure of a call on one of the files. */
  static void requireStorageFailure(IOException failure, String call) {
    IOException reason =
        switch (failure) {
          case ComparisonException comparison -> comparison.reason();
          case ChecksumException checksum -> checksum.reason();
          default -> failure;
        };
    assertThat(reason).as(call).isInstanceOf(FileSystemException.class);
    FileSystemException system = (FileSystemException) reason;
    assertThat(system.getReason()).as(call).contains(Errno.text(Errno.EIO.number()));
    assertThat(Path.of(system.getFile())).as(call).isIn(ReadingJob.FILES);
  }
}
