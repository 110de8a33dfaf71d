package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.check.ImageRepair;
import io.github.qcow4j.qcow2.check.RefcountFinding.RefcountTooLow;
import io.github.qcow4j.qcow2.check.RepairReport;
import io.github.qcow4j.qcow2.check.RepairScope;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * The repair of a damaged image. A power cut leaves an image that holds the same data, in which no
 * cluster counts for less than it did, and which a second repair makes sound.
 */
record RepairWork(Means means) implements CrashWorkload {

  /** By which means an image is repaired, each with the damage that it puts right. */
  enum Means {
    ALL {
      @Override
      void damage(SimulatedVolume volume, Random random) throws IOException {
        Damage.doTo(volume, IMAGE, random);
      }

      @Override
      void repair(SimulatedVolume volume) throws IOException {
        RepairWork.repair(volume, RepairScope.ALL);
      }
    },
    LEAKS {
      @Override
      void damage(SimulatedVolume volume, Random random) throws IOException {
        Damage.leakSome(volume, IMAGE, random);
      }

      @Override
      void repair(SimulatedVolume volume) throws IOException {
        RepairWork.repair(volume, RepairScope.LEAKS);
      }
    },
    OPENING_FOR_WRITING {
      @Override
      void damage(SimulatedVolume volume, Random random) throws IOException {
        Damage.leaveDirty(volume, IMAGE, random);
      }

      @Override
      void repair(SimulatedVolume volume) throws IOException {
        LeftImage.open(volume, IMAGE, true).close();
      }
    };

    abstract void damage(SimulatedVolume volume, Random random) throws IOException;

    abstract void repair(SimulatedVolume volume) throws IOException;
  }

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int CHANGES = 8;

  /** The mark of an image that needs no second repair. */
  private enum Repaired {
    NOW
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageSpec spec =
        means == Means.OPENING_FOR_WRITING
            ? ImageSpecs.version3(random)
            : ImageSpecs.random(random);
    ImageCreation.create(volume, IMAGE, spec);
    DiskModel model = new DiskModel(volume, IMAGE, new byte[(int) spec.sizeBytes()]);
    List<RandomChanges.Change> changes =
        List.of(
            RandomChanges.Change.WRITE,
            RandomChanges.Change.WRITE,
            RandomChanges.Change.ZEROES,
            RandomChanges.Change.COMPRESS,
            RandomChanges.Change.SNAPSHOT_CREATE);
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      for (int i = 0; i < CHANGES; i++) {
        RandomChanges.Change change = changes.get(random.nextInt(changes.size()));
        RandomChanges.change(change, disk, model, null, random);
      }
    }
    means.damage(volume, random);
    Set<RefcountTooLow> lowBefore = tooLow(volume);
    volume.settle();
    model.durable();
    means.repair(volume);
    model.durable();
    volume.mark(Repaired.NOW);
    return state -> requireNoWorse(state, lowBefore);
  }

  private static void repair(SimulatedVolume volume, RepairScope scope) throws IOException {
    try (ImageRepair repair = ImageRepair.open(volume, IMAGE)) {
      RepairReport report = repair.run(scope, finding -> {}, new JobControl());
      if (report.remaining().outcome() == CheckReport.Outcome.INCOMPLETE) {
        throw new IncompleteLookException();
      }
    }
  }

  /** The report says that not all could be read, and not why. */
  static final class IncompleteLookException extends IOException {

    private static final long serialVersionUID = 1L;

    IncompleteLookException() {
      super("could not look at all of it");
    }
  }

  private static void requireNoWorse(CrashState state, Set<RefcountTooLow> lowBefore)
      throws IOException {
    List<DiskVersion> possible = LeftImage.possible(state.marks(), IMAGE);
    LeftImage image = new LeftImage(state.volume(), IMAGE);
    if (state.marks().contains(Repaired.NOW)) {
      if (state.marks().contains(Failure.HAPPENED)) {
        image.requireNoCorruption();
      } else {
        image.requireConsistent();
      }
    }
    image.requireOneOf(possible);
    assertThat(lowBefore)
        .as("clusters that count for less than they are used")
        .containsAll(tooLow(state.volume()));
    List<Object> findings = new ArrayList<>();
    try (ImageRepair repair = ImageRepair.open(state.volume(), IMAGE)) {
      repair.run(RepairScope.ALL, findings::add, new JobControl());
      CheckReport report = repair.check(findings::add, new JobControl());
      assertThat(report.outcome()).as("%s", findings).isEqualTo(CheckReport.Outcome.CONSISTENT);
    }
    image.requireOneOf(possible);
    image.requireUsable();
  }

  /** What a check says of counts that are too low. */
  private static Set<RefcountTooLow> tooLow(Volume volume) throws IOException {
    Set<RefcountTooLow> low = new HashSet<>();
    try (ImageCheck check = ImageCheck.open(volume, IMAGE)) {
      check.run(
          finding -> {
            if (finding instanceof RefcountTooLow found) {
              low.add(found);
            }
          },
          new JobControl());
    }
    return low;
  }
}
