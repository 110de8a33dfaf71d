package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.convert.Flattening;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;

/** A chain flattened to one image, over an old one or over nothing. */
final class FlatteningWork implements CrashWorkload {

  private static final PublishedImage FLAT =
      new PublishedImage(Path.of("/flat.qcow2"), ImageFormat.QCOW2);

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SourceChain chain = SourceChain.make(volume, random);
    byte[] old = RandomChanges.randomBytes(random, DiskVersion.SECTOR_BYTES * 40);
    boolean overOld = random.nextBoolean();
    if (overOld) {
      ImageCreation.create(volume, FLAT.path(), ImageSpecs.random(random, old.length));
      try (Qcow2Image disk = LeftImage.open(volume, FLAT.path(), true)) {
        disk.write(0, ByteBuffer.wrap(old));
      }
    }
    volume.settle();
    if (overOld) {
      volume.mark(FLAT.version(old, true));
    }
    chain.note(volume);
    volume.mark(FLAT.version(chain.content(), false));
    flatten(volume, chain);
    volume.mark(FLAT.version(chain.content(), true));
    return state -> {
      SourceChain.requireUnchanged(state);
      FLAT.requireOldOrNew(state);
      FLAT.requireMadeAgain(state, chain.content(), disk -> flatten(disk, chain));
    };
  }

  private static void flatten(Volume volume, SourceChain chain) throws IOException {
    try (Qcow2Image source = chain.open(volume)) {
      Flattening.run(volume, FLAT.path(), source, SourceChain.ONE_THREAD, new JobControl());
    }
  }
}
