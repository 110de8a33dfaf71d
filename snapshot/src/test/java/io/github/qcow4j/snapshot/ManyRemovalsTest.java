package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.CountedHome.Figure;
import io.github.qcow4j.snapshot.CountedHome.Operation;
import io.github.qcow4j.snapshot.CountedHome.Work;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** To remove four times as much takes four times as much, not sixteen times. */
class ManyRemovalsTest {

  private static final int FEW = 20;
  private static final int MANY = 4 * FEW;

  /** Four times as much, with what does not depend on the number left out or paid once. */
  private static final double ALLOWED = 4.4;

  private static List<String> names(int count) {
    List<String> names = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      names.add("s" + number);
    }
    return names;
  }

  /** What an operation does to a home of so many boxes, of a snapshot each, and to one's many. */
  private static Work work(int count, Operation operation) throws Exception {
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    // A chain that was shortened has layers that several lie on, which is other work.
    HomeOptions options = HomeOptions.of(Path.of("/home")).withMaxChainLayers(MANY + 2);
    try (CountedHome counted = new CountedHome(volume, options, 6)) {
      BoxHome home = counted.home();
      create(home, "web");
      for (String name : names(count)) {
        home.snapshot("web", name, "");
        create(home, name);
        home.snapshot(name, "s", "");
      }
      return counted.count(operation);
    }
  }

  private static void create(BoxHome home, String name) throws Exception {
    home.create(
        new CreateRequest(name, List.of(new DiskSource.Empty(BoxDisk.ROOT, 1 << 20))),
        new JobControl());
  }

  private static void requireLinear(String what, Work few, Work many) {
    System.out.printf("%s: of %d %s; of %d %s%n", what, FEW, few, MANY, many);
    for (Figure each : Work.FIGURES) {
      assertThat((double) each.of().applyAsLong(many))
          .as(what + ": " + each.name())
          .isLessThanOrEqualTo(ALLOWED * each.of().applyAsLong(few));
    }
  }

  @Test
  void aCollectionThatEvictsManySnapshotsAsksEachHeaderOnce() throws Exception {
    List<Work> works = new ArrayList<>();
    for (int count : new int[] {FEW, MANY}) {
      works.add(
          work(
              count,
              home -> {
                List<Collected> lines =
                    home.collect(new CollectRequest(false, 0, null, null), new JobControl());
                assertThat(lines).hasSize(2 * count).allMatch(Collected::removed);
              }));
    }
    requireLinear("collection", works.get(0), works.get(1));
  }

  @Test
  void soDoesTheRemovalOfManySnapshots() throws Exception {
    requireLinear(
        "merge",
        work(FEW, home -> home.mergeSnapshots("web", names(FEW), new JobControl())),
        work(MANY, home -> home.mergeSnapshots("web", names(MANY), new JobControl())));
  }
}
