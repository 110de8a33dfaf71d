package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;

/** Small images over one another, raw and qcow2, of different sizes. */
final class SmallChain {

  private static final int MOST_BYTES = 20_000;

  private final SimulatedVolume volume;
  private final Random random;
  private final boolean dataFiles;

  SmallChain(SimulatedVolume volume, Random random) {
    this(volume, random, false);
  }

  /**
   * A chain on this disk.
   *
   * @param dataFiles whether the data of qcow2 images are in files of their own
   */
  SmallChain(SimulatedVolume volume, Random random, boolean dataFiles) {
    this.volume = volume;
    this.random = random;
    this.dataFiles = dataFiles;
  }

  /** A raw image with random content in most places. */
  void raw(Path path) throws IOException {
    byte[] content = new byte[sizeBytes()];
    for (int from = 0; from < content.length; from += 4096) {
      int end = Math.min(content.length, from + 4096);
      if (random.nextInt(4) > 0) {
        Arrays.fill(content, from, end, (byte) random.nextInt());
      }
    }
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(content), 0);
    }
  }

  /** A qcow2 image with random data and zeros in some places. */
  void qcow2(Path path, Path below, String format) throws IOException {
    create(path, ImageSpecs.random(random, sizeBytes()), below, format);
    try (Qcow2Image disk = LeftImage.open(volume, path, true)) {
      change(disk);
    }
  }

  /** The same, or one where every other small cluster is zeros: something for each thread. */
  void qcow2(Path path, Path below, String format, boolean ofManyParts) throws IOException {
    if (!ofManyParts) {
      qcow2(path, below, format);
      return;
    }
    create(path, ImageSpecs.ofSmallClusters(random, sizeBytes()), below, format);
    try (Qcow2Image disk = LeftImage.open(volume, path, true)) {
      change(disk);
      int clusterSize = disk.header().clusterSize();
      for (long at = 0; at + clusterSize < disk.virtualSize(); at += 2L * clusterSize) {
        disk.writeZeroes(at, clusterSize, true);
      }
    }
  }

  /** One that is like all others of its size, so that its file can be shared as a whole. */
  void ordinaryQcow2(Path path, Path below, String format, int sizeBytes) throws IOException {
    create(path, ImageSpec.ofSize(sizeBytes), below, format);
    try (Qcow2Image disk = LeftImage.open(volume, path, true)) {
      change(disk);
    }
  }

  private void create(Path path, ImageSpec drawn, Path below, String format) throws IOException {
    ImageSpec spec = drawn;
    if (dataFiles) {
      spec = ImageSpecs.withDataFile(random, spec, path, below == null);
    }
    if (below != null) {
      spec = spec.withBacking(below.getFileName().toString(), format);
    }
    ImageCreation.create(volume, path, spec);
  }

  /** Some writes, and some zeros where the version has any. */
  void change(Qcow2Image disk) throws IOException {
    int size = (int) disk.virtualSize();
    for (int i = 0; i < 4; i++) {
      int from = random.nextInt(size);
      int length = 1 + random.nextInt(Math.min(size - from, MOST_BYTES));
      if (random.nextInt(4) == 0) {
        disk.writeZeroes(from, length, true);
      } else {
        disk.write(from, ByteBuffer.wrap(RandomChanges.randomBytes(random, length)));
      }
    }
  }

  /**
   * Takes a snapshot that shows nothing of any backing file, of one image in four, and of none
   * whose data are in a file of their own.
   */
  void maySnapshot(Path path) throws IOException {
    if (random.nextInt(4) == 0 && !dataFiles) {
      snapshot(path);
    }
  }

  private void snapshot(Path path) throws IOException {
    try (Qcow2Image disk = LeftImage.open(volume, path, true)) {
      int size = (int) disk.virtualSize();
      disk.write(0, ByteBuffer.wrap(RandomChanges.randomBytes(random, size)));
      disk.createSnapshot("s", Instant.EPOCH);
      disk.writeZeroes(0, size / 2, true);
    }
  }

  private int sizeBytes() {
    return DiskVersion.SECTOR_BYTES * (32 + random.nextInt(160));
  }
}
