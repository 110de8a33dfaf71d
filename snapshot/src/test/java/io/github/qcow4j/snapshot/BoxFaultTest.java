package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Calls of an operation fail in turn: the home shows the old or the new state afterwards, all in
 * agreement once it is opened again; and a failure that leaves nothing behind is no failure to
 * begin again.
 *
 * <p>One call is drawn out of each six; {@code -Dqcow4j.fault.one-in=1} fails every call. {@code
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

  @Test
  void aFailureOfAnyCallLeavesTheOldOrTheNewState() throws Exception {
    int faults = 0;
    for (int run = 0; run < RUNS; run++) {
      faults += explore(SEED + run);
    }
    System.out.println("failed calls from seed " + SEED + ": " + faults);
    assertThat(faults).isGreaterThan(100);
  }

  private static int explore(long seed) throws Exception {
    int faults = 0;
    Random draw = new Random(seed);
    for (int move = 1; move <= MOVES; move++) {
      for (int first = 1; failCall(seed, move, first + draw.nextInt(ONE_IN), false); ) {
        faults++;
        first += ONE_IN;
      }
      for (int first = 1; first < 400; first += 7 * ONE_IN) {
        faults += failCall(seed, move, first + 7 * draw.nextInt(ONE_IN), true) ? 1 : 0;
      }
    }
    return faults;
  }

  /** Goes the same moves each time; in the last one a call fails, or all from there on. */
  private static boolean failCall(long seed, int moves, int call, boolean forGood)
      throws Exception {
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
      boolean failed = false;
      for (int move = 1; move <= moves; move++) {
        before = model.writeSome();
        RandomMoves.Move next = model.next();
        text = next.text();
        if (move == moves) {
          if (forGood) {
            volume.faults().failFrom(call, Errno.EIO);
          } else {
            volume.faults().failCall(call, Errno.EIO);
          }
        }
        try {
          after = model.run(next, before);
        } catch (IOException e) {
          failed = true;
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
      if (failed) {
        assertThat(List.of(before, model.expected(before))).contains(shown);
      } else {
        assertThat(shown).isEqualTo(after);
      }
      Observation.requireAgreement(home, volume);
      return happened;
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          "seed %d, move %d (%s), call %d%s: %s"
              .formatted(
                  seed, moves, text, call, forGood ? " and all after it" : "", e.getMessage()),
          e);
    }
  }
}
