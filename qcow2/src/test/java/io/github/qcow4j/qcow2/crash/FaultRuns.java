package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.nativeio.simulator.StateCensus;
import io.github.qcow4j.qcow2.error.ImageException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** One workload from one seed, run again for each of its calls, which fails. */
final class FaultRuns {

  /** After one of how many faults the power goes too. */
  private static final int FAULTS_PER_CRASH = Integer.getInteger("qcow4j.fault.crashes", 4);

  private static final int LIMIT_PER_POINT = 8;

  private final CrashScenario scenario;
  private final long seed;
  private final FaultKind kind;
  private final StateCensus census = new StateCensus();
  private long faults;

  FaultRuns(CrashScenario scenario, long seed, FaultKind kind) {
    this.scenario = scenario;
    this.seed = seed;
    this.kind = kind;
  }

  /** How many calls were made to fail. */
  long faults() {
    return faults;
  }

  /** How many different states power cuts after the faults left. */
  long crashes() {
    return census.states();
  }

  /**
   * Runs it once for each call, or where there are more than wanted, for one drawn out of each
   * stretch of them.
   *
   * @param most how many are wanted; fewer than twice as many are made
   */
  void failCalls(int most) throws Exception {
    SimulatedVolume faultless = kind.disk(scenario.disk());
    faultless.whenPrepared(() -> kind.on(faultless.faults(), Long.MAX_VALUE));
    CrashExplorer.Check check = scenario.workload().run(faultless, new Random(seed));
    long step = Math.max(1, faultless.faults().calls() / most);
    Random random = new Random(seed);
    for (long first = 1; ; first += step) {
      long nth = first + (step == 1 ? 0 : random.nextLong(step));
      String where = "%s, seed %d, %s at call %d".formatted(scenario.name(), seed, kind, nth);
      try {
        if (!fail(nth, where, check)) {
          return;
        }
        faults++;
      } catch (Exception | AssertionError e) {
        throw new AssertionError(where + ": " + e, e);
      }
    }
  }

  /** Whether there was such a call. */
  private boolean fail(long nth, String where, CrashExplorer.Check check) throws Exception {
    SimulatedVolume volume = kind.disk(scenario.disk());
    int[] failedAt = {0};
    volume.whenPrepared(
        () -> kind.on(volume.faults(), nth).whenHappened(() -> failedAt[0] = volume.events()));
    runToItsFailure(volume);
    boolean happened = volume.faults().happened();
    volume.faults().none();
    requireNothingLeft(volume);
    if (happened && nth % FAULTS_PER_CRASH == seed % FAULTS_PER_CRASH) {
      CrashExplorer.of(volume)
          .seed(seed)
          .census(census)
          .limitPerPoint(LIMIT_PER_POINT)
          .from(failedAt[0])
          .explore(state -> check.check(afterFailure(state, Failure.HAPPENED)));
    }
    CrashState left = new CrashState(where, volume, volume.marks(), () -> where);
    check.check(afterFailure(left, Failure.HAPPENED, Failure.SURVIVED));
    return happened;
  }

  private static CrashState afterFailure(CrashState state, Failure... failures) {
    List<Object> marks = new ArrayList<>(state.marks());
    marks.addAll(List.of(failures));
    return new CrashState(state.id(), state.volume(), marks, state.describing());
  }

  private void runToItsFailure(SimulatedVolume volume) throws Exception {
    try {
      scenario.workload().run(volume, new Random(seed));
    } catch (IOException e) {
      assertThat(volume.faults().happened()).as("nothing had failed: %s", e).isTrue();
      assertThat(kind.isMadeUpFor()).as("%s is nobody's business: %s", kind, e).isFalse();
      requireCalledByItsName(e);
    }
  }

  /** What failed is told as the kernel told it, also by who adds what had been done by then. */
  private void requireCalledByItsName(IOException failure) {
    if (failure instanceof RepairWork.IncompleteLookException) {
      return;
    }
    assertThat(failure).as("what %s was called", kind).isNotInstanceOf(ImageException.class);
    Throwable told = failure instanceof FileSystemException ? failure : failure.getCause();
    assertThat(told).as("what failed: %s", failure).isInstanceOf(FileSystemException.class);
    assertThat(((FileSystemException) told).getReason())
        .as("%s", told)
        .contains(Errno.text(kind.errno().number()));
  }

  private static void requireNothingLeft(SimulatedVolume volume) throws IOException {
    volume.assertNothingOpen();
    OwnThreads.requireNone();
    Set<String> failedCalls = volume.faults().failedCalls();
    assertThat(volume.list(Path.of("/")))
        .as("left beside after failures of %s", failedCalls)
        .noneMatch(
            name -> name.endsWith(AtomicFile.TEMPORARY_SUFFIX) && !mayStay(name, failedCalls));
  }

  /**
   * What could not be removed; and the data of an old image that could not get them back, or may
   * after a power cut.
   */
  private static boolean mayStay(String name, Set<String> failedCalls) {
    boolean keptFromOldImage =
        name.startsWith(".disk.qcow2.data.")
            && (failedCalls.contains("fsync") || failedCalls.contains("renameat2"));
    return failedCalls.contains("unlink") || keptFromOldImage;
  }
}
