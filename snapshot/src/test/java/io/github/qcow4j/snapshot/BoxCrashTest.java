package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashReport;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.RenameSteps;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.nativeio.simulator.StateCensus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Power goes at every moment of every operation, and of the recovery after it: each box and
 * snapshot has its old or its new content afterwards, and files, headers and catalogue agree.
 */
class BoxCrashTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 20261120L);
  private static final int RUNS = Integer.getInteger("qcow4j.crash.runs", 44);
  private static final int MOVES = Integer.getInteger("qcow4j.crash.moves", 16);
  private static final int LIMIT_PER_POINT = Integer.getInteger("qcow4j.crash.limit", 64);

  /** Of so many states, one is recovered with the power going again meanwhile. */
  private static final int SECOND_CRASH_EVERY = 100;

  private static final long WANTED_STATES = 20_000;
  private static final long WANTED_STATES_IN_RECOVERY = 400;

  private final StateCensus census = new StateCensus();
  private final AtomicLong checked = new AtomicLong();
  private final AtomicLong inRecovery = new AtomicLong();

  @Test
  void whateverThePowerLeavesOfAnyOperationIsItsOldOrItsNewState() throws Exception {
    CrashReport total = CrashReport.NONE;
    for (int run = 0; run < RUNS; run++) {
      total = total.plus(randomMoves(SEED + run));
    }
    System.out.println(
        "box crash states from seed %d: %s; while recovering from some of them: %d"
            .formatted(SEED, total, inRecovery.get()));
    if (RUNS >= 44) {
      assertThat(inRecovery.get()).isGreaterThanOrEqualTo(WANTED_STATES_IN_RECOVERY);
      assertThat(total.distinctStates()).isGreaterThanOrEqualTo(WANTED_STATES);
    }
  }

  private CrashReport randomMoves(long seed) throws Exception {
    Random random = new Random(seed);
    SimulatedVolume.Options disk = SimulatedVolume.Options.standard();
    if (seed % 3 == 1) {
      disk = disk.without(Capability.UNNAMED_FILES).without(Capability.RENAME_FLAGS);
    }
    SimulatedVolume volume = SimulatedVolume.create(disk);
    SimulatedHome place = SimulatedHome.recording();
    CrashReport report = CrashReport.NONE;
    List<String> texts = new ArrayList<>();
    try (BoxHome home = place.create(volume, seed)) {
      BoxWork.raw(volume, random);
      RandomMoves moves =
          new RandomMoves(
              home,
              volume,
              random,
              BoxWork.RAW,
              (path, offset, length, bytes) ->
                  DiskBytes.write(volume, path, offset, length, bytes));
      for (int move = 0; move < MOVES; move++) {
        Map<String, String> before = moves.writeSome();
        RandomMoves.Move next = moves.next();
        texts.add(next.text());
        volume.settle();
        Map<String, String> after = moves.run(next, before);
        volume.mark("returned");
        Observation shown = Observation.of(home, volume);
        assertThat(shown.disks()).as(next.text()).isEqualTo(after);
        Observation.requireAgreement(home, volume);
        volume.assertNothingOpen();
        report = report.plus(explore(volume, place, new Observation(before), shown, seed));
      }
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          "replay with -Dqcow4j.seed="
              + seed
              + " -Dqcow4j.crash.runs=1: after "
              + String.join("; ", texts)
              + ": "
              + e.getMessage(),
          e);
    }
    return report;
  }

  private CrashReport explore(
      SimulatedVolume volume,
      SimulatedHome place,
      Observation before,
      Observation after,
      long seed) {
    List<Observation> allowed = List.of(before, after);
    return CrashExplorer.of(volume)
        .seed(seed)
        .census(census)
        .recordingStates()
        .renames(seed % 2 == 0 ? RenameSteps.NEW_NAME_FIRST : RenameSteps.ONE)
        .limitPerPoint(LIMIT_PER_POINT)
        .explore(state -> {
          check(place, state, allowed, after, seed);
          if (checked.incrementAndGet() % SECOND_CRASH_EVERY == 0) {
            crashAgain(place, state.volume(), allowed, seed);
          }
        });
  }

  private static void check(
      SimulatedHome place,
      CrashState state,
      List<Observation> allowed,
      Observation after,
      long seed)
      throws Exception {
    SimulatedVolume volume = state.volume();
    try (BoxHome home = place.reopen(volume, seed + 1)) {
      Observation left = Observation.of(home, volume);
      if (state.marks().contains("returned")) {
        assertThat(left).isEqualTo(after);
      } else {
        assertThat(left).isIn(allowed);
      }
      Observation.requireAgreement(home, volume);
    }
  }

  /** What recovery did is on the volume: the power goes at every moment of it. */
  private void crashAgain(
      SimulatedHome place, SimulatedVolume recovered, List<Observation> allowed, long seed) {
    CrashReport report =
        CrashExplorer.of(recovered)
            .seed(seed)
            .threads(1)
            .limitPerPoint(16)
            .explore(state -> {
              try (BoxHome home = place.reopen(state.volume(), seed + 2)) {
                assertThat(Observation.of(home, state.volume())).isIn(allowed);
                Observation.requireAgreement(home, state.volume());
              }
            });
    inRecovery.addAndGet(report.distinctStates());
  }
}
