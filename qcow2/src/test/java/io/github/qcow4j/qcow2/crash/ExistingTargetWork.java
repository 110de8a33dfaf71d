package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * A chain converted into an image that is there and larger: each sector of it is old or new.
 *
 * @param options by how many threads, and how
 */
record ExistingTargetWork(ConvertOptions options) implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");

  ExistingTargetWork() {
    this(SourceChain.ONE_THREAD);
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SourceChain chain = SourceChain.make(volume, random, options);
    byte[] wanted = chain.content();
    byte[] old =
        RandomChanges.randomBytes(
            random, wanted.length + DiskVersion.SECTOR_BYTES * random.nextInt(40));
    ImageCreation.create(volume, IMAGE, ImageSpecs.target(random, old.length, options));
    volume.settle();
    DiskModel model = new DiskModel(volume, IMAGE, new byte[old.length]);
    chain.note(volume);
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      model.write(disk, 0, old);
      model.sync(disk);
    }
    System.arraycopy(wanted, 0, old, 0, wanted.length);
    model.mayBecome(old);
    boolean compressed = random.nextBoolean() && !options.offloading();
    convert(volume, chain, compressed);
    model.durable();
    return state -> {
      SourceChain.requireUnchanged(state);
      LeftImage.requireOldOrNew(state, IMAGE);
      if (Again.isDue(state)) {
        Again.run(state, disk -> convert(disk, chain, compressed));
        requireConverted(state, wanted);
      }
    };
  }

  private static void requireConverted(CrashState state, byte[] wanted) throws IOException {
    new LeftImage(state.volume(), IMAGE).requireNoCorruption();
    try (Qcow2Image disk = LeftImage.open(state.volume(), IMAGE, false)) {
      assertThat(LeftImage.read(disk)).as("converted again").startsWith(wanted);
    }
  }

  private void convert(SimulatedVolume volume, SourceChain chain, boolean compressed)
      throws IOException {
    try (Qcow2Image source = chain.open(volume);
        ConvertTarget target =
            Qcow2Targets.existing(
                LeftImage.open(volume, IMAGE, true),
                false,
                false,
                new Qcow2Targets.Storage(compressed, 0, true))) {
      Conversion.run(
          List.of(source), target, options, new JobControl(), (offset, length, cause) -> {});
    }
  }
}
