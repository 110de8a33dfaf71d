package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.crash.FaultKind;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.transfer.UnsyncedExportException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One operation on a simulated home, done again for each of its calls, where it fails or stops. */
final class OperationFaults {

  /** Where all of {@link HaltedWork} is. */
  static final Path PLACE = Path.of("/");

  private static final int MOST_LAYERS = 4;

  private final HaltedWork work;
  private final SimulatedVolume prepared;
  private final SimulatedHome home;
  private final long seed;
  private final BeforeAndAfter states;

  /**
   * @param prepared what {@link HaltedWork#prepare} has made
   * @param home the home on it
   */
  OperationFaults(HaltedWork work, SimulatedVolume prepared, SimulatedHome home, long seed)
      throws Exception {
    this.work = work;
    this.prepared = prepared;
    this.home = home;
    this.seed = seed;
    SimulatedVolume volume = volume();
    try (BoxHome faultless = place().reopen(volume, seed)) {
      Map<String, String> before = state(faultless, volume);
      work.run(faultless, PLACE);
      states = new BeforeAndAfter(work, before, state(faultless, volume));
    }
  }

  private SimulatedVolume volume() {
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    volume.takeFrom(prepared);
    return volume;
  }

  private SimulatedHome place() {
    HomeOptions options = work.options(PLACE);
    return home.failing(
        options.withMaxChainLayers(Math.min(options.maxChainLayers(), MOST_LAYERS)));
  }

  /**
   * Fails each call, or where there are more than wanted, one drawn out of each stretch of them.
   *
   * @param most how many are wanted; fewer than twice as many are made
   * @return how many were made
   */
  int failCalls(FaultKind kind, int most) throws Exception {
    long step = Math.max(1, calls(kind) / most);
    Random draw = new Random(seed);
    int faults = 0;
    for (long first = 1; ; first += step) {
      long nth = first + (step == 1 ? 0 : draw.nextLong(step));
      try {
        if (!fail(kind, nth)) {
          return faults;
        }
        faults++;
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "%s, seed %d, %s at call %d: %s".formatted(work, seed, kind, nth, e), e);
      }
    }
  }

  private long calls(FaultKind kind) throws Exception {
    SimulatedVolume volume = volume();
    try (BoxHome faultless = place().reopen(volume, seed)) {
      kind.on(volume.faults(), Long.MAX_VALUE);
      work.run(faultless, PLACE);
      return volume.faults().calls();
    }
  }

  /** Whether there was such a call. */
  private boolean fail(FaultKind kind, long nth) throws Exception {
    SimulatedVolume volume = volume();
    SimulatedHome place = place();
    try (BoxHome opened = place.reopen(volume, seed)) {
      kind.on(volume.faults(), nth);
      IOException failure = failureOf(opened, new JobControl());
      final boolean happened = volume.faults().happened();
      volume.faults().none();
      volume.assertNothingOpen();
      if (failure != null) {
        assertThat(happened).as("nothing had failed: %s", failure).isTrue();
        assertThat(kind.isMadeUpFor()).as("%s is nobody's business: %s", kind, failure).isFalse();
        ToldFailure.requireNotCalledCorrupt(failure);
      }
      place.recover(opened);
      Observation.requireAgreement(opened, volume);
      states.requireAsTold(state(opened, volume), happened, failure);
      requireExportAsTold(opened, volume, kind != FaultKind.DISK_GONE, failure);
      requireSound(opened, volume, kind != FaultKind.DISK_GONE);
      return happened;
    }
  }

  /**
   * Stops it at each call, or at one drawn out of each stretch of them, and nothing fails.
   *
   * @param most at how many about
   * @return how many times it did not complete
   */
  int stopAtCalls(int most) throws Exception {
    AtomicLong calls = new AtomicLong();
    boolean _ = stop(Long.MAX_VALUE, calls);
    long step = Math.max(1, calls.get() / most);
    Random draw = new Random(seed);
    int stopped = 0;
    long nth = 0;
    for (long first = 1; nth <= calls.get(); first += step) {
      nth = first + (step == 1 ? 0 : draw.nextLong(step));
      try {
        stopped += stop(nth, calls) ? 1 : 0;
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "%s, seed %d, stopped at call %d: %s".formatted(work, seed, nth, e), e);
      }
    }
    return stopped;
  }

  /** Whether it did not complete. */
  private boolean stop(long nth, AtomicLong calls) throws Exception {
    SimulatedVolume volume = volume();
    JobControl control = new JobControl();
    // Those of opening the home are not counted.
    calls.set(Long.MIN_VALUE);
    TappedVolume tapped =
        new TappedVolume(
            volume,
            _ -> {
              if (calls.incrementAndGet() == nth) {
                control.cancel();
              }
            });
    try (BoxHome opened = place().reopen(tapped.volume(), seed)) {
      calls.set(0);
      IOException failure = failureOf(opened, control);
      final boolean reached = calls.get() >= nth;
      volume.assertNothingOpen();
      if (failure != null) {
        assertThat(reached).as("it was left alone: %s", failure).isTrue();
        assertThat(failure).isInstanceOf(JobCancelledException.class);
      }
      // Whoever is there to stop it can wait until it has tidied up.
      Observation.requireAgreement(opened, volume);
      states.requireAsTold(state(opened, volume), reached, failure);
      requireExportAsTold(opened, volume, true, failure);
      requireSound(opened, volume, true);
      return failure != null;
    }
  }

  private @Nullable IOException failureOf(BoxHome opened, JobControl control) {
    try {
      work.run(opened, PLACE, control);
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  /** What is shown, and what the last restore of a box has kept, which its undoing would show. */
  private static Map<String, String> state(BoxHome opened, SimulatedVolume volume)
      throws Exception {
    Map<String, String> state = new TreeMap<>(Observation.of(opened, volume).disks());
    HomeLayout layout = opened.internals().layout();
    for (Box box : opened.list()) {
      List<DiskRow> kept =
          opened.internals().catalogue().read(rows -> new Boxes(rows).kept(box.id()));
      for (DiskRow disk : kept) {
        state.put(
            box.name() + BeforeAndAfter.KEPT + disk.role(),
            SeenFiles.shown(volume, layout.resolve(disk.image().file())));
      }
    }
    return state;
  }

  /** What has the name of an export is one, and is there when it was told to be, else not. */
  private void requireExportAsTold(
      BoxHome opened, SimulatedVolume volume, boolean tidied, @Nullable IOException failure)
      throws Exception {
    Path archive = PLACE.resolve(HaltedWork.EXPORTED);
    Path directory = PLACE.resolve(HaltedWork.EXPORTED_DIRECTORY);
    boolean done = failure == null || failure instanceof UnsyncedExportException;
    assertThat(volume.exists(archive)).isEqualTo(done && work == HaltedWork.EXPORT);
    boolean complete = volume.exists(directory.resolve("snapshot.json"));
    assertThat(complete).isEqualTo(done && work == HaltedWork.EXPORT_TO_A_DIRECTORY);
    if (volume.exists(archive)) {
      opened.importArchive(
          new ArchiveSource.FromFile(volume, archive),
          "imported",
          IntakeLimits.DEFAULT,
          new JobControl());
      opened.remove("imported", false);
    }
    if (tidied) {
      assertThat(volume.exists(directory)).isEqualTo(complete);
    }
    if (complete) {
      opened.cloneDirectory(directory, List.of("cloned"), IntakeLimits.DEFAULT, new JobControl());
      opened.remove("cloned", false);
    }
  }

  private void requireSound(BoxHome opened, SimulatedVolume volume, boolean tidied)
      throws Exception {
    Map<String, String> shown = Observation.of(opened, volume).disks();
    opened.collect(CollectRequest.ofGarbage(false), new JobControl());
    assertThat(Observation.of(opened, volume).disks()).isEqualTo(shown);
    Observation.requireAgreement(opened, volume);
    assertThat(volume.list(opened.stagingDirectory())).isEmpty();
    if (tidied) {
      Set<String> names = new HashSet<>(prepared.list(PLACE));
      names.addAll(Set.of(HaltedWork.EXPORTED, HaltedWork.EXPORTED_DIRECTORY));
      assertThat(names).containsAll(volume.list(PLACE));
    }
  }
}
