package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.crash.FaultKind;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each operation on a disk that fails at its first call, then at a later one, and so on until it is
 * left alone: calls to files, and transactions of the catalogue. Whatever failed: nothing stays
 * open, nothing is called corrupt, what is shown is old when it was told to have failed and new
 * when it was told to be done, and once the home is opened again it is sound and nothing is left
 * over.
 *
 * <p>Each kind of failure is tried at calls that are drawn from all of the operation; {@code
 * -Dqcow4j.fault.most=1000000} tries every call. {@code -Dqcow4j.seed} sets the seed of what is
 * drawn.
 */
class OperationFaultTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 17L);

  /** Of how many calls of an operation each kind of failure is tried, about. */
  private static final int MOST = Integer.getInteger("qcow4j.fault.most", 24);

  private static final SimulatedVolume PREPARED =
      SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
  private static final SimulatedHome HOME = SimulatedHome.recording();
  private static final Map<HaltedWork, Integer> FAULTS = new EnumMap<>(HaltedWork.class);
  private static final Map<HaltedWork, Integer> STOPPED = new EnumMap<>(HaltedWork.class);

  @BeforeAll
  static void prepare() throws Exception {
    // Names of files are drawn: those of the operations are to be others.
    try (BoxHome home = HOME.create(PREPARED, SEED + 1)) {
      HaltedWork.prepare(home, PREPARED, OperationFaults.PLACE);
    }
  }

  @AfterAll
  static void print() {
    int sum = FAULTS.values().stream().mapToInt(Integer::intValue).sum();
    System.out.println("failed calls, seed " + SEED + ": " + sum + " " + FAULTS);
    System.out.println("stopped operations, seed " + SEED + ": " + STOPPED);
  }

  @ParameterizedTest
  @EnumSource
  void aFailureOfAnyCallLeavesWhatWasTold(HaltedWork work) throws Exception {
    OperationFaults operation = new OperationFaults(work, PREPARED, HOME, SEED);
    for (FaultKind kind : FaultKind.metByAll()) {
      int faults = operation.failCalls(kind, MOST);
      if (!work.onlyLooks()) {
        assertThat(faults).as("calls of %s that met with %s", work, kind).isPositive();
      }
      FAULTS.merge(work, faults, Integer::sum);
    }
    assertThat(FAULTS.get(work)).as("failed calls of %s", work).isPositive();
  }

  /** Nobody opens the home again: there is nothing to be mended. */
  @ParameterizedTest
  @EnumSource
  void whoStopsAnOperationFindsWhatWasTold(HaltedWork work) throws Exception {
    OperationFaults operation = new OperationFaults(work, PREPARED, HOME, SEED);
    int stopped = operation.stopAtCalls(MOST);
    assertThat(stopped > 0).as("whether %s was ever stopped", work).isEqualTo(work.canBeStopped());
    STOPPED.merge(work, stopped, Integer::sum);
  }
}
