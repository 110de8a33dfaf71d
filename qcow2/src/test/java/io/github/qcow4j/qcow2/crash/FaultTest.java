package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The work of the crash tests on a disk that fails at its first call, then at a later one, and so
 * on until a run is left alone. Whatever failed: nothing stays open, the image opens, a check finds
 * leaks at the worst, what was synced is there, and of the rest each sector is old or new; also
 * when the power goes then or later. A failure of the disk is never called a corrupt image.
 *
 * <p>With several threads, which call is the nth is another one each time; what must hold is the
 * same, and a run is over when it had no such call.
 *
 * <p>In each job each kind of failure is tried, at calls that are drawn from all of it; {@code
 * -Dqcow4j.fault.most=1000000} tries every call. {@code -Dqcow4j.seed} sets the seed of the first
 * run and of what is drawn, {@code -Dqcow4j.fault.only} names one scenario, {@code
 * -Dqcow4j.fault.seeds} sets the number of runs, {@code -Dqcow4j.fault.crashes} after one of how
 * many faults the power goes too.
 */
class FaultTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 3L);
  private static final String ONLY = System.getProperty("qcow4j.fault.only", "");
  private static final int SEEDS = Integer.getInteger("qcow4j.fault.seeds", 1);

  /**
   * Of how many calls of a job each kind of failure is tried in a build, about; all 28,700 in turn
   * took 113 s.
   */
  private static final int MOST = Integer.getInteger("qcow4j.fault.most", 40);

  private static final AtomicLong FAULTS = new AtomicLong();
  private static final AtomicLong CRASHES = new AtomicLong();

  static List<CrashScenario> scenarios() {
    return FaultScenarios.all().stream()
        .filter(scenario -> ONLY.isEmpty() || scenario.name().equals(ONLY))
        .toList();
  }

  @AfterAll
  static void print() {
    System.out.println(
        "faults, seed "
            + SEED
            + ": "
            + FAULTS
            + "; power cuts after them, distinct states: "
            + CRASHES);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("scenarios")
  void noFailureCorruptsAnImageOrLosesWhatWasSynced(CrashScenario scenario) throws Exception {
    long faults = 0;
    long crashes = 0;
    for (long seed = SEED; seed < SEED + SEEDS; seed++) {
      for (FaultKind kind : FaultKind.values()) {
        FaultRuns runs = new FaultRuns(scenario, seed, kind);
        runs.failCalls(MOST);
        faults += runs.faults();
        crashes += runs.crashes();
      }
    }
    System.out.println(
        "faults in "
            + scenario.name()
            + ": "
            + faults
            + "; power cuts after them, distinct states: "
            + crashes);
    FAULTS.addAndGet(faults);
    CRASHES.addAndGet(crashes);
    assertThat(faults).isGreaterThan(100);
    assertThat(crashes).isPositive();
  }
}
