package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.Faults;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The work of the crash tests on a disk that fails at its first call, then at its second, and so on
 * until a run is left alone. Whatever failed: nothing stays open, the image opens, a check finds
 * leaks at the worst, what was synced is there, and of the rest each sector is old or new. A
 * failure of the disk is never called a corrupt image.
 *
 * <p>{@code -Dqcow4j.seed} sets the first run's seed, {@code -Dqcow4j.fault.seeds} the number of
 * runs.
 */
class FaultTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 3L);
  private static final int SEEDS = Integer.getInteger("qcow4j.fault.seeds", 3);

  /**
   * Filling two MiB for every single fault takes longer than all the others together; of bitmaps
   * the check of power cuts wants to know each version, where one that marks more, of a write that
   * failed, would be right as well; and the work of repair looks at its own results meanwhile.
   */
  private static final Set<String> LEFT_OUT = Set.of("refcount table growth", "bitmaps", "repair");

  /** In which way the nth call goes wrong. */
  private enum Kind {
    IO_ERROR {
      @Override
      Faults on(Faults faults, long nth) {
        return faults.failCall(nth, Errno.EIO);
      }
    },
    DISK_FULL {
      @Override
      Faults on(Faults faults, long nth) {
        return faults.failCall(nth, Errno.ENOSPC);
      }
    },
    DISK_GONE {
      @Override
      Faults on(Faults faults, long nth) {
        return faults.failFrom(nth, Errno.EIO);
      }
    },
    DISK_FULL_FROM_THEN_ON {
      @Override
      Faults on(Faults faults, long nth) {
        return faults.only("pwrite", "fallocate", "open").failFrom(nth, Errno.ENOSPC);
      }
    },
    CUT_SHORT_AND_INTERRUPTED {
      @Override
      Faults on(Faults faults, long nth) {
        return faults.shortenCall(nth);
      }
    };

    abstract Faults on(Faults faults, long nth);
  }

  static List<CrashScenario> scenarios() {
    return CrashScenarios.all().stream()
        .filter(scenario -> !LEFT_OUT.contains(scenario.name()))
        .toList();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("scenarios")
  void noFailureCorruptsAnImageOrLosesWhatWasSynced(CrashScenario scenario) throws Exception {
    long faults = 0;
    for (long seed = SEED; seed < SEED + SEEDS; seed++) {
      for (Kind kind : Kind.values()) {
        faults += failEveryCall(scenario, seed, kind);
      }
    }
    System.out.println("faults in " + scenario.name() + ": " + faults);
    assertThat(faults).isGreaterThan(100);
  }

  /** How many calls there were to fail. */
  private static long failEveryCall(CrashScenario scenario, long seed, Kind kind) throws Exception {
    SimulatedVolume faultless = SimulatedVolume.create();
    CrashExplorer.Check check = scenario.workload().run(faultless, new Random(seed));
    for (long nth = 1; ; nth++) {
      SimulatedVolume volume = SimulatedVolume.create();
      String where = "%s, seed %d, %s at call %d".formatted(scenario.name(), seed, kind, nth);
      long failing = nth;
      volume.whenPrepared(() -> kind.on(volume.faults(), failing));
      try {
        runToItsFailure(scenario, volume, seed, kind);
        boolean happened = volume.faults().happened();
        volume.faults().none();
        volume.assertNothingOpen();
        check.check(new CrashState(where, volume, volume.marks(), () -> where));
        if (!happened) {
          return nth - 1;
        }
      } catch (Exception | AssertionError e) {
        throw new AssertionError(where + ": " + e, e);
      }
    }
  }

  private static void runToItsFailure(
      CrashScenario scenario, SimulatedVolume volume, long seed, Kind kind) throws Exception {
    try {
      scenario.workload().run(volume, new Random(seed));
    } catch (CorruptImageException e) {
      throw new AssertionError("a failure of the disk was called a corrupt image", e);
    } catch (IOException e) {
      assertThat(volume.faults().happened()).as("nothing had failed: %s", e).isTrue();
      assertThat(kind)
          .as("a call cut short is nobody's business: %s", e)
          .isNotEqualTo(Kind.CUT_SHORT_AND_INTERRUPTED);
    }
  }
}
