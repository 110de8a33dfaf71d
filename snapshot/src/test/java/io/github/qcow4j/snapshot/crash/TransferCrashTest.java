package io.github.qcow4j.snapshot.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashReport;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.nativeio.simulator.StateCensus;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.snapshot.transfer.TransferException;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Exports and imports whose disk loses power, or fails at its first call, then at its second, and
 * so on. What has its name is whole; what fails leaves nothing; a failure of the disk is never
 * called a damaged archive, directory or image.
 *
 * <p>{@code -Dqcow4j.seed} sets the first run's seed, {@code -Dqcow4j.crash.runs} their number.
 */
class TransferCrashTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 23L);
  private static final int RUNS = Integer.getInteger("qcow4j.crash.runs", 4);
  private static final int LIMIT_PER_POINT = 64;

  private static SimulatedVolume volume(long seed) {
    SimulatedVolume.Options disk = SimulatedVolume.Options.standard();
    return SimulatedVolume.create(seed % 2 == 0 ? disk : disk.without(Capability.UNNAMED_FILES));
  }

  @ParameterizedTest
  @EnumSource(TransferWork.class)
  void noPowerCutLeavesHalfOfAnything(TransferWork work) throws Exception {
    StateCensus census = new StateCensus();
    CrashReport sum = CrashReport.NONE;
    for (long seed = SEED; seed < SEED + RUNS; seed++) {
      SimulatedVolume volume = volume(seed);
      work.prepare(volume, new Random(seed));
      volume.settle();
      work.run(volume);
      TransferWork.markOver(volume);
      volume.assertNothingOpen();
      sum =
          sum.plus(
              CrashExplorer.of(volume)
                  .seed(seed)
                  .census(census)
                  .limitPerPoint(LIMIT_PER_POINT)
                  .explore(work::check));
    }
    System.out.printf("crash states of %s, seed %d: %s%n", work, SEED, sum);
    assertThat(sum.distinctStates()).isGreaterThan(20);
  }

  @ParameterizedTest
  @EnumSource(TransferWork.class)
  void noFailureLeavesAnythingOrIsTakenForDamage(TransferWork work) throws Exception {
    for (Errno errno : new Errno[] {Errno.EIO, Errno.ENOSPC}) {
      long faults = failEveryCall(work, errno);
      System.out.printf("faults in %s, %s: %d%n", work, errno, faults);
      assertThat(faults).isGreaterThan(10);
    }
  }

  private static long failEveryCall(TransferWork work, Errno errno) throws Exception {
    for (long nth = 1; ; nth++) {
      String where = "%s, seed %d, %s at call %d".formatted(work, SEED, errno, nth);
      SimulatedVolume volume = volume(SEED);
      work.prepare(volume, new Random(SEED));
      volume.settle();
      volume.faults().failCall(nth, errno);
      boolean failed = false;
      try {
        work.run(volume);
      } catch (TransferException | ImageException e) {
        throw new AssertionError(where + ": a failure of the disk was taken for damage", e);
      } catch (IOException e) {
        failed = true;
      }
      boolean happened = volume.faults().happened();
      volume.faults().none();
      try {
        volume.assertNothingOpen();
        if (failed) {
          assertThat(happened).isTrue();
          work.checkNothingLeft(volume);
        }
      } catch (AssertionError e) {
        throw new AssertionError(where + ": " + e.getMessage(), e);
      }
      if (!happened) {
        return nth - 1;
      }
    }
  }
}
