package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rewrite.ImageRewrite;
import io.github.qcow4j.qcow2.rewrite.RewriteRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Images with data, compressed clusters, zeros and sometimes a bitmap that are written anew, with
 * changes that wait to be made durable: what stands under the name is the old image or the new one,
 * and shows the same.
 *
 * @param threads how many move data
 */
record RewriteWork(int threads) implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");

  RewriteWork() {
    this(1);
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageSpec spec = ImageSpecs.random(random);
    ImageCreation.create(volume, IMAGE, spec);
    volume.settle();
    DiskModel model = new DiskModel(volume, IMAGE, new byte[(int) spec.sizeBytes()]);
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      if (spec.version() == 3 && random.nextBoolean()) {
        disk.changeBitmaps(List.of(new BitmapChange.Add("marks", 512)));
      }
      change(disk, model, random);
      rewrite(volume, disk, model, random);
    }
    return state -> LeftImage.requireOldOrNew(state, IMAGE);
  }

  private static void change(Qcow2Image disk, DiskModel model, Random random) throws IOException {
    for (int i = 0; i < 6; i++) {
      int from = random.nextInt(model.sizeBytes());
      int length = 1 + random.nextInt(Math.min(model.sizeBytes() - from, 20_000));
      switch (random.nextInt(4)) {
        case 0 -> model.writeZeroes(disk, from, length, true);
        case 1 -> model.writeCompressed(disk, from, 1, (byte) (1 + random.nextInt(100)));
        default -> model.write(disk, from, RandomChanges.randomBytes(random, length));
      }
    }
  }

  private void rewrite(SimulatedVolume volume, Qcow2Image disk, DiskModel model, Random random)
      throws IOException {
    AmendRequest others = AmendRequest.NOTHING;
    if (random.nextInt(3) == 0) {
      others = others.withVersion(2 + random.nextInt(2));
    }
    if (random.nextInt(3) == 0) {
      others = others.withRefcountOrder(random.nextInt(7));
    }
    int clusterBits = 9 + random.nextInt(7);
    RewriteRequest request =
        RewriteRequest.SAME
            .withClusterBits(clusterBits)
            .withExtendedL2(clusterBits >= 14 && random.nextBoolean())
            .withParallelism(threads)
            .with(others);
    if (random.nextBoolean()) {
      request = request.withCompressionType(CompressionType.ZSTD);
    }
    try {
      ImageRewrite.run(volume, disk, request, new JobControl());
      model.durable();
    } catch (ImageException e) {
      // What does not go together is refused before anything is done.
      model.sync(disk);
      requireContent(disk, model, request);
      return;
    }
    try (Qcow2Image rewritten = LeftImage.open(volume, IMAGE, false)) {
      requireContent(rewritten, model, request);
    }
  }

  private static void requireContent(Qcow2Image disk, DiskModel model, RewriteRequest request)
      throws IOException {
    assertThat(Arrays.mismatch(LeftImage.read(disk), model.content()))
        .as("first byte that shows something else after %s", request)
        .isEqualTo(-1);
  }
}
