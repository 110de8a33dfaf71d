package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.Amendment;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/**
 * Images with zero clusters, snapshots and sometimes a backing file whose version, refcount width
 * and features are changed: disk and snapshots show the same through all of it, and the header says
 * what was asked for once an amendment has returned.
 */
final class AmendWork implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final Path BASE = Path.of("/base.raw");

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageSpec spec = ImageSpecs.random(random);
    byte[] content = new byte[(int) spec.sizeBytes()];
    if (random.nextInt(3) == 0) {
      byte[] base = RandomChanges.randomBytes(random, content.length);
      try (BlockFile file = volume.open(BASE, OpenOptions.creatingNew())) {
        file.write(ByteBuffer.wrap(base), 0);
      }
      content = base;
      spec = spec.withBacking(BASE.getFileName().toString(), "raw");
    }
    ImageCreation.create(volume, IMAGE, spec);
    volume.settle();
    HeaderVersion header = HeaderVersion.inFile(volume, IMAGE);
    DiskModel model = new DiskModel(volume, IMAGE, content);
    volume.mark(header);
    for (int session = 0; session < 3; session++) {
      try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
        write(disk, model, random);
        assertThat(Arrays.mismatch(LeftImage.read(disk), model.content()))
            .as("first byte that was not written")
            .isEqualTo(-1);
        amend(volume, disk, model, random);
      }
      model.durable();
    }
    return state -> {
      LeftImage.requireOldOrNew(state, IMAGE);
      HeaderVersion.requirePossible(state, IMAGE);
    };
  }

  private static void write(Qcow2Image disk, DiskModel model, Random random) throws IOException {
    for (int i = 0; i < 4; i++) {
      int from = random.nextInt(model.sizeBytes());
      int length = 1 + random.nextInt(Math.min(model.sizeBytes() - from, 20_000));
      switch (random.nextInt(4)) {
        case 0 -> model.write(disk, from, RandomChanges.randomBytes(random, length));
        case 1 -> {
          // Narrow refcounts cannot count what many snapshots share.
          if (disk.header().refcountBits() >= 8) {
            model.createSnapshot(disk);
          }
        }
        default -> model.writeZeroes(disk, from, length, random.nextBoolean());
      }
    }
  }

  private static void amend(SimulatedVolume volume, Qcow2Image disk, DiskModel model, Random random)
      throws IOException {
    AmendRequest request = AmendRequest.NOTHING;
    if (random.nextBoolean()) {
      request = request.withVersion(2 + random.nextInt(2));
    }
    if (random.nextBoolean()) {
      request = request.withRefcountOrder(random.nextInt(3) > 0 ? 4 : random.nextInt(7));
    }
    if (random.nextBoolean()) {
      request = request.withLazyRefcounts(random.nextBoolean());
    }
    HeaderVersion wanted = HeaderVersion.of(IMAGE, disk.header()).amended(request);
    volume.mark(wanted);
    try {
      // What is to stay as it is is no reason to write what waits to be written.
      model.sync(disk);
      Amendment.run(disk, request, new JobControl());
      volume.mark(wanted.asDurable());
    } catch (ImageException e) {
      // What does not go together is refused; what was done before that stays.
    }
    assertThat(Arrays.mismatch(LeftImage.read(disk), model.content()))
        .as("first byte that shows something else after %s", request)
        .isEqualTo(-1);
  }
}
