package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/**
 * A chain, or as {@code dd} does it a part of one, converted to a raw image. A new one appears as a
 * whole; of one that is there, each sector is old or new.
 *
 * @param inPlace whether an existing image is written in place
 * @param options by how many threads, and how
 */
record RawConversionWork(boolean inPlace, ConvertOptions options) implements CrashWorkload {

  private static final PublishedImage RAW =
      new PublishedImage(Path.of("/disk.raw"), ImageFormat.RAW);

  RawConversionWork(boolean inPlace) {
    this(inPlace, SourceChain.ONE_THREAD);
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SourceChain chain = SourceChain.make(volume, random, options);
    byte[] shown = chain.content();
    int from = random.nextBoolean() ? 0 : DiskVersion.SECTOR_BYTES * random.nextInt(16);
    byte[] wanted = Arrays.copyOfRange(shown, from, shown.length);
    boolean overOld = inPlace || random.nextBoolean();
    byte[] old =
        RandomChanges.randomBytes(
            random, wanted.length + DiskVersion.SECTOR_BYTES * random.nextInt(9));
    if (overOld) {
      try (BlockFile file = volume.open(RAW.path(), OpenOptions.creatingNew())) {
        file.write(ByteBuffer.wrap(old), 0);
      }
    }
    volume.settle();
    if (overOld) {
      volume.mark(RAW.version(old, true));
    }
    if (inPlace) {
      byte[] over = old.clone();
      System.arraycopy(wanted, 0, over, 0, wanted.length);
      wanted = over;
    }
    chain.note(volume);
    volume.mark(RAW.version(wanted, false));
    Preallocation storage = ImageSpecs.storage(random);
    convert(volume, chain, from, storage);
    DiskVersion converted = RAW.version(wanted, true);
    volume.mark(converted);
    return state -> {
      check(state);
      RAW.requireMadeAgain(
          state, converted.content().array(), disk -> convert(disk, chain, from, storage));
    };
  }

  private void convert(Volume volume, SourceChain chain, int from, Preallocation storage)
      throws IOException {
    try (DiskImage source = chain.open(volume)) {
      long lengthBytes = source.virtualSize() - from;
      try (ConvertTarget target =
          inPlace
              ? RawTargets.existing(volume, RAW.path(), lengthBytes, false)
              : RawTargets.create(volume, RAW.path(), lengthBytes, storage, new JobControl())) {
        Conversion.runPart(source, from, lengthBytes, target, options, new JobControl());
      }
    }
  }

  private void check(CrashState state) throws IOException {
    SourceChain.requireUnchanged(state);
    if (!inPlace) {
      RAW.requireOldOrNew(state);
      return;
    }
    RAW.requireSectors(state);
  }
}
