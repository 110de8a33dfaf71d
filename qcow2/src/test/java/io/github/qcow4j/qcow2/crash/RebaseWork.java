package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Rebases onto other images, raw and qcow2, under names short and long, and to none: the overlay
 * shows the same at every moment, and its header names the new backing file once a rebase has
 * returned.
 *
 * @param dataFiles whether the data of all qcow2 images are in files of their own
 * @param threads how many read, compare and write
 * @param offloading whether plain data is left to the kernel to copy
 */
record RebaseWork(boolean dataFiles, int threads, boolean offloading) implements CrashWorkload {

  private static final Path TOP = Path.of("/disk.qcow2");

  RebaseWork(boolean dataFiles) {
    this(dataFiles, 1, false);
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SmallChain chain = new SmallChain(volume, random, dataFiles);
    Path raw = name("r", random);
    Path base = name("b", random);
    Path other = name("o", random);
    chain.raw(raw);
    chain.qcow2(base, raw, "raw");
    chain.qcow2(other, random.nextBoolean() ? raw : null, "raw");
    chain.qcow2(TOP, base, "qcow2", threads > 1 || offloading);
    chain.maySnapshot(TOP);
    volume.settle();
    HeaderVersion header = HeaderVersion.inFile(volume, TOP);
    LeftImage.noteDurable(volume, TOP);
    volume.mark(header);
    List<Step> steps = new ArrayList<>();
    for (int i = 1 + random.nextInt(2); i > 0; i--) {
      BackingName next =
          switch (random.nextInt(4)) {
            case 0 -> null;
            case 1 -> BackingName.of(raw.getFileName().toString(), ImageFormat.RAW);
            default -> BackingName.of(other.getFileName().toString(), ImageFormat.QCOW2);
          };
      header = header.over(next);
      boolean compressed = random.nextInt(3) == 0 && !dataFiles;
      steps.add(
          new Step(next, new RebaseOptions(threads, compressed, true, false, offloading), header));
    }
    for (Step step : steps) {
      volume.mark(step.header());
      step.run(volume);
    }
    return state -> {
      LeftImage.requirePossible(state, TOP);
      HeaderVersion.requirePossible(state, TOP);
      if (Again.isDue(state)) {
        Again.run(state, steps.getLast()::run);
        assertThat(HeaderVersion.inFile(state.volume(), TOP))
            .isEqualTo(steps.getLast().header().asDurable());
        LeftImage.requireOldOrNew(state, TOP);
      }
    };
  }

  /** As long as fits beside another one in the smallest header cluster. */
  static Path name(String letter, Random random) {
    return Path.of("/" + letter.repeat(1 + random.nextInt(random.nextBoolean() ? 10 : 120)));
  }

  /**
   * One rebase.
   *
   * @param header what the header says then
   */
  private record Step(@Nullable BackingName backing, RebaseOptions options, HeaderVersion header) {

    void run(SimulatedVolume volume) throws Exception {
      try (DiskImage overlay = LeftImage.open(volume, TOP, true);
          DiskImage below = below(volume)) {
        Rebase.run(overlay, below, backing, options, new JobControl());
        // Before anything is closed, which would sync once more.
        volume.mark(header.asDurable());
      }
    }

    private @Nullable DiskImage below(SimulatedVolume volume) throws IOException {
      return backing == null
          ? null
          : DiskImages.openBacking(
              volume,
              TOP,
              backing.name(),
              backing.format(),
              ReferencePolicy.sameDirectory(),
              ImageOptions.of(ImageFormat.QCOW2));
    }
  }
}
