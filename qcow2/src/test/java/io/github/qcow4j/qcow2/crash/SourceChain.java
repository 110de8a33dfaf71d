package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/** An image over two others that is only read, and stays as it is whatever happens. */
final class SourceChain {

  /** Which call is the nth must not depend on which thread comes first. */
  static final ConvertOptions ONE_THREAD = new ConvertOptions(1, 4096, false, 0);

  /** Which call is the nth does; what is required of what it leaves does not. */
  static final ConvertOptions SEVERAL_THREADS = new ConvertOptions(4, 4096, false, 0);

  /** Plain data is left to the kernel to copy. */
  static final ConvertOptions OFFLOADED = new ConvertOptions(1, 4096, false, 0, true);

  /** Every zero is written, and what is plain data is copied by the kernel only. */
  static final ConvertOptions ZEROS_WRITTEN = new ConvertOptions(1, 0, false, 0);

  static final Path MIDDLE = Path.of("/middle.qcow2");

  private static final int ORDINARY_CLUSTER_BYTES = 64 << 10;
  private static final Path TOP = Path.of("/source.qcow2");

  private final DiskVersion version;

  private SourceChain(DiskVersion version) {
    this.version = version;
  }

  static SourceChain make(SimulatedVolume volume, Random random) throws IOException {
    return make(volume, random, ONE_THREAD);
  }

  /** One with enough for all threads to do. */
  static SourceChain make(SimulatedVolume volume, Random random, ConvertOptions options)
      throws IOException {
    SmallChain chain = new SmallChain(volume, random);
    Path raw = Path.of("/lowest.raw");
    chain.raw(raw);
    chain.qcow2(MIDDLE, raw, "raw");
    chain.qcow2(TOP, MIDDLE, "qcow2", options.parallelism() > 1);
    return new SourceChain(LeftImage.version(volume, TOP, true));
  }

  /** One whose files can be shared as a whole, as they end with whole clusters. */
  static SourceChain makeOrdinary(SimulatedVolume volume, Random random) throws IOException {
    SmallChain chain = new SmallChain(volume, random);
    int sizeBytes = ORDINARY_CLUSTER_BYTES * (2 + random.nextInt(4));
    chain.ordinaryQcow2(MIDDLE, null, null, sizeBytes);
    chain.ordinaryQcow2(TOP, MIDDLE, "qcow2", sizeBytes);
    return new SourceChain(LeftImage.version(volume, TOP, true));
  }

  Qcow2Image open(Volume volume) throws IOException {
    return LeftImage.open(volume, TOP, false);
  }

  /** What stands below it. */
  static Qcow2Image openBacking(Volume volume) throws IOException {
    return LeftImage.open(volume, MIDDLE, false);
  }

  byte[] content() {
    return version.content().array().clone();
  }

  /** To be called once the volume is settled. */
  void note(SimulatedVolume volume) {
    volume.mark(version);
  }

  static void requireUnchanged(CrashState state) throws IOException {
    LeftImage.requirePossible(state, TOP);
  }
}
