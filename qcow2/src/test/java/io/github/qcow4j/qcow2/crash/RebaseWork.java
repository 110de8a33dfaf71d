package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import java.nio.file.Path;
import java.util.Random;

/**
 * Rebases onto other images, raw and qcow2, under names short and long, and to none: the overlay
 * shows the same at every moment.
 *
 * @param dataFiles whether the data of all qcow2 images are in files of their own
 */
record RebaseWork(boolean dataFiles) implements CrashWorkload {

  private static final Path TOP = Path.of("/disk.qcow2");

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SmallChain chain = new SmallChain(volume, random, dataFiles);
    Path raw = name("r", random);
    Path base = name("b", random);
    Path other = name("o", random);
    chain.raw(raw);
    chain.qcow2(base, raw, "raw");
    chain.qcow2(other, random.nextBoolean() ? raw : null, "raw");
    chain.qcow2(TOP, base, "qcow2");
    chain.maySnapshot(TOP);
    volume.settle();
    LeftImage.noteDurable(volume, TOP);
    int steps = 1 + random.nextInt(2);
    for (int step = 0; step < steps; step++) {
      rebase(
          volume,
          switch (random.nextInt(4)) {
            case 0 -> null;
            case 1 -> BackingName.of(raw.getFileName().toString(), ImageFormat.RAW);
            default -> BackingName.of(other.getFileName().toString(), ImageFormat.QCOW2);
          },
          random.nextInt(3) == 0 && !dataFiles);
    }
    return state -> LeftImage.requireOldOrNew(state, TOP);
  }

  /** As long as fits beside another one in the smallest header cluster. */
  static Path name(String letter, Random random) {
    return Path.of("/" + letter.repeat(1 + random.nextInt(random.nextBoolean() ? 10 : 120)));
  }

  private static void rebase(SimulatedVolume volume, BackingName backing, boolean compressed)
      throws Exception {
    Rebase.run(
        volume,
        TOP,
        ReferencePolicy.sameDirectory(),
        ImageOptions.of(ImageFormat.QCOW2),
        backing,
        new RebaseOptions(1, compressed, true, false),
        new JobControl());
  }
}
