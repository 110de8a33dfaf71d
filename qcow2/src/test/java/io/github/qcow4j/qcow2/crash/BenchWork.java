package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bench.RequestRun;
import io.github.qcow4j.qcow2.bench.RequestSeries;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/**
 * The writes of a benchmark, with flushes between: each sector is old or has the pattern.
 *
 * @param depth how many writes are under way at once
 */
record BenchWork(int depth) implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int REQUEST_BYTES = 4096;

  BenchWork() {
    this(1);
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageSpec spec = ImageSpecs.random(random);
    ImageCreation.create(volume, IMAGE, spec);
    volume.settle();
    DiskModel model = new DiskModel(volume, IMAGE, new byte[(int) spec.sizeBytes()]);
    int count = model.sizeBytes() / REQUEST_BYTES;
    byte pattern = (byte) (1 + random.nextInt(100));
    RequestSeries series =
        new RequestSeries(
            count,
            depth,
            0,
            REQUEST_BYTES,
            REQUEST_BYTES,
            new RequestSeries.Writing(pattern, 1 + random.nextInt(4), random.nextBoolean()));
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      model.write(disk, 0, RandomChanges.randomBytes(random, model.sizeBytes()));
      model.sync(disk);
      byte[] written = model.content();
      Arrays.fill(written, 0, count * REQUEST_BYTES, pattern);
      model.mayBecome(written);
      RequestRun.run(disk, series, new JobControl());
    }
    model.durable();
    return state -> LeftImage.requireOldOrNew(state, IMAGE);
  }
}
