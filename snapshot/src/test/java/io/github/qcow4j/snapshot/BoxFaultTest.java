package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.crash.FaultKind;
import io.github.qcow4j.snapshot.error.DoneUnseenException;
import io.github.qcow4j.snapshot.error.UnsettledException;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Calls of an operation fail in turn: what was told to have failed shows the old state afterwards,
 * what was told to be done the new one, all in agreement once it is opened again; and a failure
 * that leaves nothing behind is no failure to begin again.
 *
 * <p>One call is drawn out of each six for a single error of the disk, and out of each 42 for every
 * other kind of failure; {@code -Dqcow4j.fault.one-in=1} fails every call in every way. {@code
 * -Dqcow4j.seed} sets the first run's seed, {@code -Dqcow4j.fault.runs} the number of runs.
 */
class BoxFaultTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 411L);
  private static final int RUNS = Integer.getInteger("qcow4j.fault.runs", 2);
  private static final int MOVES = 8;

  /**
   * Each failure goes all the moves before it again: all 1116 of them took 41 s. {@link
   * OperationFaultTest} has more of each operation by itself.
   */
  private static final int ONE_IN = Integer.getInteger("qcow4j.fault.one-in", 6);

  /** So many times rarer is every other kind than a single error, unless all calls fail. */
  private static final int RARER = 7;

  @Test
  void aFailureOfAnyCallLeavesWhatWasTold() throws Exception {
    Map<FaultKind, Integer> faults = new EnumMap<>(FaultKind.class);
    for (int run = 0; run < RUNS; run++) {
      explore(SEED + run, faults);
    }
    System.out.println("failed calls from seed " + SEED + ": " + faults);
    assertThat(faults).containsOnlyKeys(FaultKind.metByAll().toArray(FaultKind[]::new));
    assertThat(faults.get(FaultKind.IO_ERROR)).isGreaterThan(100);
  }

  private static void explore(long seed, Map<FaultKind, Integer> faults) throws Exception {
    Random draw = new Random(seed);
    for (int move = 1; move <= MOVES; move++) {
      for (FaultKind kind : FaultKind.metByAll()) {
        int stretch = kind == FaultKind.IO_ERROR || ONE_IN == 1 ? ONE_IN : RARER * ONE_IN;
        int first = 1;
        while (failCall(seed, move, first + draw.nextInt(stretch), kind)) {
          faults.merge(kind, 1, Integer::sum);
          first += stretch;
        }
      }
    }
  }

  /**
   * Goes the same moves each time; in the last one a call fails, or all from there on.
   *
   * @return whether there was such a call
   */
  private static boolean failCall(long seed, int moves, int call, FaultKind kind) throws Exception {
    Random random = new Random(seed);
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    SimulatedHome place = SimulatedHome.recording();
    String text = "";
    try (BoxHome home = place.create(volume, seed)) {
      BoxWork.raw(volume, random);
      RandomMoves model =
          new RandomMoves(
              home,
              volume,
              random,
              BoxWork.RAW,
              (path, offset, length, bytes) ->
                  DiskBytes.write(volume, path, offset, length, bytes));
      Map<String, String> before = Map.of();
      Map<String, String> after = Map.of();
      IOException failure = null;
      for (int move = 1; move <= moves; move++) {
        before = model.writeSome();
        RandomMoves.Move next = model.next();
        text = next.text();
        if (move == moves) {
          kind.on(volume.faults(), call);
        }
        try {
          after = model.run(next, before);
        } catch (IOException e) {
          failure = e;
          ToldFailure.requireNotCalledCorrupt(e);
          if (move < moves) {
            throw e;
          }
        }
      }
      final boolean happened = volume.faults().happened();
      volume.faults().none();
      volume.assertNothingOpen();
      place.recover(home);
      Map<String, String> shown = Observation.of(home, volume).disks();
      switch (failure) {
        case null -> assertThat(shown).isEqualTo(after);
        case DoneUnseenException done -> assertThat(shown).isEqualTo(model.expected(before));
        case UnsettledException open ->
            assertThat(List.of(before, model.expected(before))).contains(shown);
        default -> assertThat(shown).as("after %s", failure).isEqualTo(before);
      }
      Observation.requireAgreement(home, volume);
      return happened;
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          "seed %d, move %d (%s), %s at call %d: %s"
              .formatted(seed, moves, text, kind, call, e.getMessage()),
          e);
    }
  }
}
