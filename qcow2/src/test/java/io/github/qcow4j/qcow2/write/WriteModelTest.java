package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random sequences of writes, zeroes, discards and compressed writes against an array of bytes,
 * over versions, cluster sizes, refcount widths, extended L2 and backing files. After each sequence
 * QEMU's check is clean, without leaks, and QEMU reads the same bytes.
 */
class WriteModelTest {

  private static final long BASE_SEED = Long.getLong("qcow4j.seed", 20_261_120L);
  private static final int SEQUENCES = Integer.getInteger("qcow4j.model.sequences", 48);
  private static final int STEPS = Integer.getInteger("qcow4j.model.steps", 60);

  @TempDir private Path directory;

  private final Volume volume = Volumes.host();

  @Test
  void qemuAgreesWithEveryRandomSequence() throws Exception {
    QemuTools qemu = QemuTools.require();
    for (int i = 0; i < SEQUENCES; i++) {
      long seed = BASE_SEED + i;
      try {
        runSequence(qemu, seed);
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "replay with -Dqcow4j.seed=" + seed + " -Dqcow4j.model.sequences=1: " + e, e);
      }
    }
  }

  private void runSequence(QemuTools qemu, long seed) throws Exception {
    Random random = new Random(seed);
    int clusterBits = 9 + random.nextInt(9);
    boolean extended = clusterBits >= 14 && random.nextInt(3) == 0;
    int version = !extended && random.nextInt(4) == 0 ? 2 : 3;
    int refcountOrder = version == 2 ? 4 : random.nextInt(7);
    // Small clusters are counted in several refcount blocks.
    long mostBytes = Math.min(8L << 20, (clusterBits < 12 ? 1500L : 200L) << clusterBits);
    int diskBytes = 512 * (1 + random.nextInt((int) mostBytes / 512));
    byte[] model = new byte[diskBytes];
    ImageSpec spec =
        new ImageSpec(
            diskBytes,
            version,
            clusterBits,
            refcountOrder,
            CompressionType.ZLIB,
            extended,
            false,
            null,
            null);
    Path image = directory.resolve("image-" + seed + ".qcow2");
    boolean backed = random.nextBoolean();
    if (backed) {
      spec = spec.withBacking(makeBase(random, model), "raw");
    } else {
      spec = spec.withPlaces(oneOf(Preallocation.values(), random), null);
    }
    ImageCreation.create(volume, image, spec);
    Map<String, byte[]> snapshots = new HashMap<>();
    for (int session = 0; session < 3; session++) {
      try (Qcow2Image disk = WritableImage.open(image)) {
        for (int step = 0; step < STEPS / 3; step++) {
          step(disk, model, random, version == 2 && backed);
          if (refcountOrder > 2 && random.nextInt(6) == 0) {
            model = snapshotStep(disk, model, random, snapshots);
          }
        }
      }
      qemu.assertCheckClean(image);
      assertContent(qemu, image, model);
      if (version == 3 || snapshots.isEmpty()) {
        model = resize(image, model, random);
        qemu.assertCheckClean(image);
        assertContent(qemu, image, model);
      }
    }
    Files.delete(image);
  }

  private byte[] resize(Path image, byte[] model, Random random) throws Exception {
    int newBytes = 512 * (1 + random.nextInt(2 * model.length / 512));
    try (Qcow2Image disk = WritableImage.open(image)) {
      boolean larger = newBytes > model.length;
      disk.resize(
          newBytes,
          larger ? oneOf(Preallocation.values(), random) : Preallocation.OFF,
          new JobControl());
      assertThat(disk.virtualSize()).isEqualTo(newBytes);
    }
    return Arrays.copyOf(model, newBytes);
  }

  private static <T> T oneOf(T[] all, Random random) {
    return all[random.nextInt(all.length)];
  }

  private String makeBase(Random random, byte[] model) throws Exception {
    byte[] base = new byte[512 * (1 + random.nextInt(2 * model.length / 512))];
    random.nextBytes(base);
    Path path = directory.resolve("base-" + System.identityHashCode(base) + ".raw");
    Files.write(path, base);
    System.arraycopy(base, 0, model, 0, Math.min(base.length, model.length));
    return path.getFileName().toString();
  }

  static void step(Qcow2Image disk, byte[] model, Random random, boolean discardIsIgnored)
      throws Exception {
    int clusterSize = disk.header().clusterSize();
    int from = random.nextInt(model.length);
    int length = 1 + random.nextInt(Math.min(model.length - from, 5 * clusterSize));
    switch (random.nextInt(8)) {
      case 0, 1, 2 -> {
        byte[] data = new byte[length];
        random.nextBytes(data);
        System.arraycopy(data, 0, model, from, length);
        disk.write(from, ByteBuffer.wrap(data));
      }
      case 3 -> {
        Arrays.fill(model, from, from + length, (byte) 0);
        disk.writeZeroes(from, length, random.nextBoolean());
      }
      case 4 -> {
        disk.discard(from, length);
        int first = (from + clusterSize - 1) / clusterSize * clusterSize;
        int end = from + length == model.length ? model.length : (from + length) & -clusterSize;
        if (first < end && !discardIsIgnored) {
          Arrays.fill(model, first, end, (byte) 0);
        }
      }
      case 5, 6 -> compress(disk, model, random, clusterSize);
      default -> disk.sync();
    }
    int readFrom = random.nextInt(model.length);
    int readLength = 1 + random.nextInt(Math.min(model.length - readFrom, 4 * clusterSize));
    ByteBuffer target = ByteBuffer.allocate(readLength);
    disk.read(readFrom, target);
    int mismatch =
        Arrays.mismatch(target.array(), 0, readLength, model, readFrom, readFrom + readLength);
    assertThat(mismatch).as("first byte read differently, from " + readFrom).isEqualTo(-1);
  }

  private static byte[] snapshotStep(
      Qcow2Image disk, byte[] model, Random random, Map<String, byte[]> snapshots)
      throws Exception {
    List<InternalSnapshot> present = disk.snapshots();
    assertThat(present).hasSameSizeAs(snapshots.keySet());
    int choice = random.nextInt(4);
    if (choice < 2 || present.isEmpty()) {
      InternalSnapshot taken = disk.createSnapshot("snap", Instant.EPOCH);
      snapshots.put(taken.id(), model.clone());
      return model;
    }
    InternalSnapshot chosen = present.get(random.nextInt(present.size()));
    byte[] now = model;
    if (choice == 2) {
      disk.applySnapshot(chosen);
      now = snapshots.get(chosen.id()).clone();
    } else {
      disk.deleteSnapshot(chosen);
      snapshots.remove(chosen.id());
    }
    for (InternalSnapshot left : disk.snapshots()) {
      ByteBuffer all = ByteBuffer.allocate(snapshots.get(left.id()).length);
      disk.openSnapshot(left).read(0, all);
      assertThat(Arrays.mismatch(all.array(), snapshots.get(left.id())))
          .as("first byte that snapshot " + left.id() + " reads differently")
          .isEqualTo(-1);
    }
    return now;
  }

  /** Some neighbours at once; what does not become smaller is left as it is. */
  private static void compress(Qcow2Image disk, byte[] model, Random random, int clusterSize)
      throws Exception {
    int start = random.nextInt(model.length) / clusterSize * clusterSize;
    int clusters = Math.min(1 + random.nextInt(5), (model.length - start - 1) / clusterSize + 1);
    IntBuffer lengths = IntBuffer.allocate(clusters);
    ByteBuffer streams = ByteBuffer.allocate(clusters * clusterSize);
    while (lengths.hasRemaining()) {
      int offset = start + lengths.position() * clusterSize;
      int inside = Math.min(clusterSize, model.length - offset);
      byte[] cluster = halfRandom(random, clusterSize, inside);
      byte[] stream = new byte[clusterSize - 1];
      try (Deflater deflater = new Deflater(9, true)) {
        deflater.setInput(cluster);
        deflater.finish();
        int count = deflater.deflate(stream);
        if (!deflater.finished() || random.nextInt(5) == 0) {
          lengths.put(0);
          continue;
        }
        lengths.put(count);
        streams.put(stream, 0, count);
      }
      System.arraycopy(cluster, 0, model, offset, inside);
    }
    disk.writeCompressed(start, lengths.flip(), streams.flip());
  }

  private static byte[] halfRandom(Random random, int clusterSize, int inside) {
    byte[] cluster = new byte[clusterSize];
    byte value = (byte) random.nextInt();
    for (int i = 0; i < inside; i++) {
      cluster[i] = random.nextInt(4) == 0 ? (byte) random.nextInt() : value;
    }
    return cluster;
  }

  private void assertContent(QemuTools qemu, Path image, byte[] model) throws Exception {
    Path raw = directory.resolve("content.raw");
    qemu.convertToRaw(image, raw);
    assertThat(Arrays.mismatch(Files.readAllBytes(raw), model))
        .as("first byte that QEMU reads differently")
        .isEqualTo(-1);
    try (DiskImage disk = WritableImage.open(image)) {
      ByteBuffer all = ByteBuffer.allocate(model.length);
      disk.read(0, all);
      assertThat(Arrays.mismatch(all.array(), model)).isEqualTo(-1);
    }
  }
}
