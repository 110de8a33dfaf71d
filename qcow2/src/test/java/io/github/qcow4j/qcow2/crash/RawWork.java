package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.RawImage;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Changes of a raw image in random order, of bytes and of its size: each sector is old or new. */
final class RawWork implements CrashWorkload {

  private static final PublishedImage RAW =
      new PublishedImage(Path.of("/disk.raw"), ImageFormat.RAW);

  private static final int STEPS = 14;
  private static final int MOST_BYTES = 12_000;

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    byte[] content = RandomChanges.randomBytes(random, sizeBytes(random));
    try (BlockFile file = volume.open(RAW.path(), OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(content), 0);
    }
    volume.settle();
    volume.mark(RAW.version(content, true));
    ImageOptions options = ImageOptions.of(ImageFormat.RAW).withWriting();
    try (RawImage disk =
        (RawImage) DiskImages.open(volume, RAW.path(), ReferencePolicy.deny(), options)) {
      for (int step = 0; step < STEPS; step++) {
        content = change(volume, disk, content, random);
      }
      disk.sync();
    }
    volume.mark(RAW.version(content, true));
    return RAW::requireSectors;
  }

  private static int sizeBytes(Random random) {
    return DiskVersion.SECTOR_BYTES * (32 + random.nextInt(160));
  }

  /** Makes one change, and returns what the image holds then. */
  private static byte[] change(SimulatedVolume volume, RawImage disk, byte[] before, Random random)
      throws IOException {
    byte[] content = before.clone();
    int from = random.nextInt(content.length);
    int length = 1 + random.nextInt(Math.min(content.length - from, MOST_BYTES));
    switch (random.nextInt(7)) {
      case 0, 1, 2 -> {
        byte[] data = RandomChanges.randomBytes(random, length);
        System.arraycopy(data, 0, content, from, length);
        volume.mark(RAW.version(content, false));
        disk.write(from, ByteBuffer.wrap(data));
      }
      case 3 -> {
        Arrays.fill(content, from, from + length, (byte) 0);
        volume.mark(RAW.version(content, false));
        disk.writeZeroes(from, length, random.nextBoolean());
      }
      case 4 -> {
        Arrays.fill(content, from, from + length, (byte) 0);
        volume.mark(RAW.version(content, false));
        disk.discard(from, length);
      }
      case 5 -> {
        disk.sync();
        volume.mark(RAW.version(content, true));
      }
      default -> {
        // A file system may make the new length durable before what was written.
        disk.sync();
        volume.mark(RAW.version(content, true));
        content = Arrays.copyOf(content, sizeAfter(content.length, random));
        markResize(volume, before, content);
        disk.resize(content.length, ImageSpecs.storage(random), new JobControl());
        volume.mark(RAW.version(content, true));
      }
    }
    return content;
  }

  private static int sizeAfter(int sizeBytes, Random random) {
    int change = DiskVersion.SECTOR_BYTES * random.nextInt(30);
    return random.nextBoolean() ? sizeBytes + change : Math.max(512, sizeBytes - change);
  }

  /** Zeros that are written make a file longer bit by bit, should its new length be lost. */
  private static void markResize(SimulatedVolume volume, byte[] before, byte[] after) {
    volume.mark(RAW.version(after, false));
    for (int size = before.length; size < after.length; size += DiskVersion.SECTOR_BYTES) {
      volume.mark(RAW.version(Arrays.copyOf(before, size), false));
    }
  }
}
