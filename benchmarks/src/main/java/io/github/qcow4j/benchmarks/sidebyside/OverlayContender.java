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
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Makes an overlay by a call of the library, in this process, as a program does that has the
 * library loaded: looks at the backing file for its size, and creates.
 */
final class OverlayContender implements Contender {

  /** So many are made before those that are measured: a program that makes them makes many. */
  private static final int WARM_UP_RUNS = 2000;

  /** A turn is so many, one after the other, of which the mean counts. */
  private static final int RUNS = 100;

  private static final double MIB = 1 << 20;

  private static final ThreadMXBean PROCESSOR = ManagementFactory.getThreadMXBean();

  private final Ending ending;
  private final Volume volume;
  private boolean warm;

  /**
   * @param ending durable on return, or left to the page cache
   */
  OverlayContender(Ending ending) {
    this.ending = ending;
    this.volume = ending == Ending.UNSAFE ? Volumes.unsynced(Volumes.host()) : Volumes.host();
  }

  @Override
  public String name() {
    return ending == Ending.UNSAFE ? "qcow4j, in process, unsynced" : "qcow4j, in process";
  }

  @Override
  public Side side() {
    return Side.OURS;
  }

  @Override
  public Ending ending() {
    return ending;
  }

  @Override
  public Measured run(Workpiece work) throws IOException {
    for (int i = 0; i < WARM_UP_RUNS && !warm; i++) {
      create(work);
      Files.delete(work.target());
    }
    warm = true;
    long nanos = 0;
    long processorNanos = 0;
    double targetMib = 0;
    for (int i = 0; i < RUNS; i++) {
      long processorStart = PROCESSOR.getCurrentThreadCpuTime();
      long start = System.nanoTime();
      create(work);
      nanos += System.nanoTime() - start;
      processorNanos += PROCESSOR.getCurrentThreadCpuTime() - processorStart;
      targetMib = Files.size(work.target()) / MIB;
      Files.delete(work.target());
    }
    return new Measured(nanos / 1e9 / RUNS, processorNanos / 1e9 / RUNS, 0, targetMib);
  }

  private void create(Workpiece work) throws IOException {
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
