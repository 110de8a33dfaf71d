package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Makes an overlay by a call of the library, in this process, as a program does that has the
 * library loaded: looks at the backing file for its size, and creates.
 */
final class OverlayContender implements Contender {

  /** So many are made before the one that is measured: a program that makes them makes many. */
  private static final int WARM_UP_RUNS = 200;

  private static final double MIB = 1 << 20;

  private boolean warm;

  @Override
  public String name() {
    return "qcow4j, in process";
  }

  @Override
  public Side side() {
    return Side.OURS;
  }

  @Override
  public Ending ending() {
    return Ending.DEFAULT;
  }

  @Override
  public Measured run(Workpiece work) throws IOException {
    for (int i = 0; i < WARM_UP_RUNS && !warm; i++) {
      create(work);
      Files.delete(work.target());
    }
    warm = true;
    long start = System.nanoTime();
    create(work);
    double seconds = (System.nanoTime() - start) / 1e9;
    return new Measured(seconds, seconds, 0, Files.size(work.target()) / MIB);
  }

  private static void create(Workpiece work) throws IOException {
    Volume volume = Volumes.host();
    Path backing = work.sources().getFirst();
    long size;
    try (DiskImage disk =
        DiskImages.open(
            volume, backing, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.QCOW2))) {
      size = disk.virtualSize();
    }
    ImageCreation.create(
        volume, work.target(), ImageSpec.ofSize(size).withBacking(backing.toString(), "qcow2"));
  }
}
