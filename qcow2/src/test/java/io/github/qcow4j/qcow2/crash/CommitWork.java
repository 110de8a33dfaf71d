package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.commit.Commit;
import io.github.qcow4j.qcow2.commit.CommitOptions;
import io.github.qcow4j.qcow2.job.JobControl;
import java.nio.file.Path;
import java.util.Random;

/**
 * A commit, into the backing file or past it: the overlay shows the same at every moment.
 *
 * @param dataFiles whether the data of all images of the chain are in files of their own
 */
record CommitWork(boolean dataFiles) implements CrashWorkload {

  private static final Path RAW = Path.of("/base.raw");
  private static final Path BASE = Path.of("/base.qcow2");
  private static final Path MIDDLE = Path.of("/middle.qcow2");
  private static final Path TOP = Path.of("/disk.qcow2");

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SmallChain chain = new SmallChain(volume, random, dataFiles);
    chain.raw(RAW);
    chain.qcow2(BASE, RAW, "raw");
    boolean deep = random.nextInt(3) == 0;
    boolean onRaw = !deep && random.nextInt(3) == 0;
    if (deep) {
      chain.qcow2(MIDDLE, BASE, "qcow2");
    }
    Path below = deep ? MIDDLE : onRaw ? RAW : BASE;
    chain.qcow2(TOP, below, onRaw ? "raw" : "qcow2");
    chain.maySnapshot(TOP);
    volume.settle();
    LeftImage.noteDurable(volume, TOP);
    boolean past = deep && random.nextBoolean();
    boolean emptying = !past && random.nextInt(4) > 0;
    Commit.run(
        volume,
        TOP,
        ReferencePolicy.sameDirectory(),
        ImageOptions.of(ImageFormat.QCOW2),
        new CommitOptions(past ? BASE.getFileName().toString() : null, emptying, 1, 0),
        new JobControl());
    return state -> check(state, deep);
  }

  private static void check(CrashState state, boolean deep) throws Exception {
    LeftImage.requireOldOrNew(state, TOP);
    new LeftImage(state.volume(), BASE).requireNoCorruption();
    if (deep) {
      new LeftImage(state.volume(), MIDDLE).requireNoCorruption();
    }
  }
}
