package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashReport;
import io.github.qcow4j.nativeio.simulator.StateCensus;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random workloads on a disk that loses power. Whatever state is left, the image opens, a check
 * finds leaks at the worst, all that was synced is there, and of what was not each sector is as it
 * was before or after some later change.
 *
 * <p>{@code -Dqcow4j.crash.scale=20} makes so many times the runs: some millions of states, for
 * which {@code -DtestHeap=2g} is needed. {@code -Dqcow4j.crash.runs} sets their number, {@code
 * -Dqcow4j.crash.only} names one scenario, {@code -Dqcow4j.seed} the first run's seed.
 */
class CrashTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 7L);
  private static final int SCALE = Integer.getInteger("qcow4j.crash.scale", 1);
  private static final int RUNS = Integer.getInteger("qcow4j.crash.runs", 0);
  private static final String ONLY = System.getProperty("qcow4j.crash.only", "");
  private static final long STATES_WANTED = 100_000;

  private static final StateCensus CENSUS = new StateCensus();
  private static final Map<String, CrashReport> REPORTS = new LinkedHashMap<>();

  static List<CrashScenario> scenarios() {
    return CrashScenarios.all().stream()
        .filter(scenario -> ONLY.isEmpty() || ONLY.equals(scenario.name()))
        .toList();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("scenarios")
  void noPowerCutCorruptsAnImageOrLosesWhatWasSynced(CrashScenario scenario) {
    int runs = RUNS > 0 ? RUNS : scenario.runs() * SCALE;
    CrashReport sum = CrashReport.NONE;
    for (int run = 0; run < runs; run++) {
      sum = sum.plus(scenario.explore(SEED + run, CENSUS));
    }
    REPORTS.put(scenario.name(), sum);
    assertThat(sum.distinctStates()).isGreaterThanOrEqualTo(runs);
  }

  @AfterAll
  static void thereWereManyDifferentStates() {
    REPORTS.forEach(CrashTest::print);
    System.out.println("distinct crash states, seed " + SEED + ": " + CENSUS.states());
    if (RUNS == 0 && REPORTS.size() == CrashScenarios.all().size()) {
      assertThat(CENSUS.states()).isGreaterThanOrEqualTo(STATES_WANTED);
    }
  }

  private static void print(String scenario, CrashReport report) {
    System.out.printf(
        "crash states of %s: %d distinct of %d made, %d checked, at %d moments, at %d all of them%n",
        scenario,
        report.distinctStates(),
        report.states(),
        report.checks(),
        report.points(),
        report.exhaustivePoints());
  }
}
