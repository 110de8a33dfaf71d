package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashReport;
import io.github.qcow4j.nativeio.simulator.RenameSteps;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.nativeio.simulator.StateCensus;
import java.util.Random;

/**
 * A workload, and how often it is run.
 *
 * @param name for reports and for {@code -Dqcow4j.crash.only}
 * @param runs how many random runs a build makes of it
 * @param workload the work
 * @param disk what its files are on
 */
public record CrashScenario(
    String name, int runs, CrashWorkload workload, SimulatedVolume.Options disk) {

  private static final int LIMIT_PER_POINT = Integer.getInteger("qcow4j.crash.limit", 96);

  /** On a disk that can do everything. */
  public CrashScenario(String name, int runs, CrashWorkload workload) {
    this(name, runs, workload, SimulatedVolume.Options.standard());
  }

  /** One run from one seed, with all its crash states checked. */
  CrashReport explore(long seed, StateCensus census) {
    Random random = new Random(seed);
    SimulatedVolume volume =
        SimulatedVolume.create(
            random.nextInt(3) == 0 ? disk.without(Capability.UNNAMED_FILES) : disk);
    try {
      CrashExplorer.Check check = workload.run(volume, random);
      volume.assertNothingOpen();
      return CrashExplorer.of(volume)
          .seed(seed)
          .census(census)
          .sectorBytes(random.nextBoolean() ? 512 : 4096)
          .renames(seed % 2 == 0 ? RenameSteps.NEW_NAME_FIRST : RenameSteps.ONE)
          .limitPerPoint(LIMIT_PER_POINT)
          .explore(check);
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          name
              + ": replay with -Dqcow4j.seed="
              + seed
              + " -Dqcow4j.crash.runs=1 '-Dqcow4j.crash.only="
              + name
              + "': "
              + e,
          e);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
