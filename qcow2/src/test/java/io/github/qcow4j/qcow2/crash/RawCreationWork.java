package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.create.RawCreation;
import io.github.qcow4j.qcow2.job.JobControl;
import java.nio.file.Path;
import java.util.Random;

/** A raw image of zeros, with storage or without, over an old one or over nothing. */
final class RawCreationWork implements CrashWorkload {

  private static final PublishedImage RAW =
      new PublishedImage(Path.of("/disk.raw"), ImageFormat.RAW);

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    RAW.prepare(volume, random);
    byte[] zeros = new byte[DiskVersion.SECTOR_BYTES * (32 + random.nextInt(160))];
    Preallocation storage = ImageSpecs.storage(random);
    return RAW.make(
        volume,
        zeros,
        disk -> RawCreation.create(disk, RAW.path(), zeros.length, storage, new JobControl()));
  }
}
