package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.commit.Commit;
import io.github.qcow4j.qcow2.commit.CommitOptions;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A commit, into the backing file or past it: the overlay shows the same at every moment. Each
 * sector of the base is as it was or as the overlay shows it, and all of them are as the overlay
 * shows them once the commit has returned.
 *
 * @param dataFiles whether the data of all images of the chain are in files of their own
 * @param threads how many move data
 */
record CommitWork(boolean dataFiles, int threads) implements CrashWorkload {

  private static final Path RAW = Path.of("/base.raw");
  private static final Path BASE = Path.of("/base.qcow2");
  private static final Path MIDDLE = Path.of("/middle.qcow2");
  private static final Path TOP = Path.of("/disk.qcow2");

  CommitWork(boolean dataFiles) {
    this(dataFiles, 1);
  }

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
    chain.qcow2(TOP, below, onRaw ? "raw" : "qcow2", threads > 1);
    chain.maySnapshot(TOP);
    boolean past = deep && random.nextBoolean();
    boolean emptying = !past && random.nextInt(4) > 0;
    Target target = new Target(past ? BASE : below, onRaw ? ImageFormat.RAW : ImageFormat.QCOW2);
    volume.settle();
    List<DiskVersion> versions = target.versions(volume);
    LeftImage.noteDurable(volume, TOP);
    versions.forEach(volume::mark);
    CommitOptions options =
        new CommitOptions(past ? BASE.getFileName().toString() : null, emptying, threads, 0);
    commit(volume, options);
    volume.mark(versions.getLast().asDurable());
    return state -> {
      check(state, deep, target);
      if (Again.isDue(state)) {
        Again.run(state, disk -> commit(disk, options));
        target.requireCommitted(state, versions.getLast());
        new LeftImage(state.volume(), TOP).requireUsable();
      }
    };
  }

  private static void commit(Volume volume, CommitOptions options) throws Exception {
    Commit.run(
        volume,
        TOP,
        ReferencePolicy.sameDirectory(),
        ImageOptions.of(ImageFormat.QCOW2),
        options,
        new JobControl());
  }

  /** What is committed into. */
  private record Target(Path path, ImageFormat format) {

    /** What it holds, grows to, and is to hold. */
    List<DiskVersion> versions(Volume volume) throws IOException {
      byte[] old = content(volume);
      byte[] shown;
      try (DiskImage overlay = LeftImage.open(volume, TOP, false)) {
        shown = LeftImage.read(overlay);
      }
      byte[] grown = Arrays.copyOf(old, Math.max(old.length, shown.length));
      byte[] committed = grown.clone();
      System.arraycopy(shown, 0, committed, 0, shown.length);
      return List.of(version(old, true), version(grown, false), version(committed, false));
    }

    private DiskVersion version(byte[] content, boolean durable) {
      return new DiskVersion(path, ByteBuffer.wrap(content), List.of(), durable);
    }

    void check(CrashState state) throws IOException {
      try (DiskImage disk = open(state.volume())) {
        new LeftImage(state.volume(), path)
            .requireContent(disk, LeftImage.possible(state.marks(), path));
      }
    }

    void requireCommitted(CrashState state, DiskVersion committed) throws IOException {
      if (format == ImageFormat.QCOW2) {
        new LeftImage(state.volume(), path).requireNoCorruption();
      }
      assertThat(content(state.volume())).as("committed").isEqualTo(committed.content().array());
    }

    private byte[] content(Volume volume) throws IOException {
      try (DiskImage disk = open(volume)) {
        return LeftImage.read(disk);
      }
    }

    private DiskImage open(Volume volume) throws IOException {
      return DiskImages.open(
          volume, path, ReferencePolicy.sameDirectory(), ImageOptions.of(format));
    }
  }

  private static void check(CrashState state, boolean deep, Target target) throws Exception {
    target.check(state);
    LeftImage.requirePossible(state, TOP);
    new LeftImage(state.volume(), BASE).requireNoCorruption();
    if (deep) {
      new LeftImage(state.volume(), MIDDLE).requireNoCorruption();
    }
  }
}
