package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.commit.Commit;
import io.github.qcow4j.qcow2.commit.CommitOptions;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random sequences of writes, new overlays, commits, rebases and resizes on chains of images of
 * random kinds, against an array of bytes. After each step QEMU's check finds every image clean,
 * without leaks, and QEMU reads the same bytes.
 */
class ChainModelTest {

  private static final long BASE_SEED = Long.getLong("qcow4j.seed", 20_261_123L);
  private static final int SEQUENCES = Integer.getInteger("qcow4j.model.sequences", 16);
  private static final int STEPS = 8;
  private static final int WRITES = 12;

  @TempDir private Path directory;

  private final Volume volume = Volumes.host();
  private final QemuTools qemu = QemuTools.require();

  /** The images from the bottom to the top, and what the topmost shows. */
  private final List<Path> chain = new ArrayList<>();

  private byte[] model = new byte[0];
  private int made;

  @Test
  void qemuAgreesWithEveryRandomSequenceOnAChain() throws Exception {
    for (int i = 0; i < SEQUENCES; i++) {
      long seed = BASE_SEED + i;
      try {
        runSequence(new Random(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "replay with -Dqcow4j.seed=" + seed + " -Dqcow4j.model.sequences=1: " + e, e);
      }
    }
  }

  private void runSequence(Random random) throws Exception {
    chain.clear();
    model = new byte[512 * (1 + random.nextInt(1500))];
    if (random.nextBoolean()) {
      random.nextBytes(model);
      chain.add(Files.write(directory.resolve("raw-" + made++ + ".raw"), model));
    } else {
      addOverlay(random);
    }
    addOverlay(random);
    for (int step = 0; step < STEPS; step++) {
      write(random);
      switch (random.nextInt(4)) {
        case 0 -> addOverlay(random);
        case 1 -> commit(random);
        case 2 -> rebase(random);
        default -> resize(random);
      }
      requireModel();
    }
  }

  private void addOverlay(Random random) throws Exception {
    boolean extended = random.nextInt(4) == 0;
    int clusterBits = extended ? 14 + random.nextInt(3) : 9 + random.nextInt(8);
    int version = !extended && random.nextInt(4) == 0 ? 2 : 3;
    int refcountOrder = version == 2 ? 4 : random.nextInt(7);
    ImageSpec spec =
        new ImageSpec(
            model.length,
            version,
            clusterBits,
            refcountOrder,
            CompressionType.ZLIB,
            extended,
            false,
            null,
            null);
    if (chain.isEmpty()) {
      model = new byte[model.length];
    } else {
      spec = spec.withBacking(chain.getLast().getFileName().toString(), format(chain.getLast()));
    }
    Path image = directory.resolve("layer-" + made++ + ".qcow2");
    ImageCreation.create(volume, image, spec);
    chain.add(image);
    write(random);
    if (refcountOrder > 2 && random.nextInt(4) == 0) {
      try (Qcow2Image disk = open()) {
        disk.createSnapshot("s", Instant.EPOCH);
      }
    }
  }

  private static String format(Path image) {
    return image.toString().endsWith(".raw") ? "raw" : "qcow2";
  }

  private Qcow2Image open() throws Exception {
    return (Qcow2Image)
        DiskImages.open(
            volume,
            chain.getLast(),
            ReferencePolicy.sameDirectory(),
            ImageOptions.of(ImageFormat.QCOW2).withWriting());
  }

  private void write(Random random) throws Exception {
    try (Qcow2Image disk = open()) {
      boolean discardIsIgnored = disk.header().version() == 2 && disk.backing() != null;
      for (int i = 0; i < WRITES; i++) {
        WriteModelTest.step(disk, model, random, discardIsIgnored);
      }
    }
  }

  /** Commits into one of the images below, which must show what the overlay shows then. */
  private void commit(Random random) throws Exception {
    if (chain.size() < 2) {
      return;
    }
    int index = chain.size() - 2 - random.nextInt(chain.size() - 1);
    boolean past = index < chain.size() - 2;
    boolean emptying = !past && random.nextBoolean();
    String base = past ? chain.get(index).getFileName().toString() : null;
    Commit.run(
        volume,
        chain.getLast(),
        ReferencePolicy.sameDirectory(),
        ImageOptions.of(ImageFormat.QCOW2),
        new CommitOptions(base, emptying, 1 + random.nextInt(4), 0),
        new JobControl());
    byte[] committed = content(chain.get(index));
    assertThat(Arrays.mismatch(Arrays.copyOf(committed, model.length), model))
        .as("first byte that the base shows differently")
        .isEqualTo(-1);
    requireModel();
    if (random.nextBoolean()) {
      // The overlay and all above the base have done their duty.
      model = committed;
      chain.subList(index + 1, chain.size()).clear();
      addOverlay(random);
    }
  }

  private void rebase(Random random) throws Exception {
    BackingName backing = null;
    List<Path> below = List.of();
    int choice = random.nextInt(3);
    if (choice == 0) {
      Path other = directory.resolve("raw-" + made++ + ".raw");
      Files.write(other, similar(random));
      below = List.of(other);
      backing = BackingName.of(other.getFileName().toString(), ImageFormat.RAW);
    } else if (choice == 1 && chain.size() > 2) {
      below = List.copyOf(chain.subList(0, 1 + random.nextInt(chain.size() - 2)));
      Path other = below.getLast();
      ImageFormat format = ImageFormat.byLabel(format(other)).orElseThrow();
      backing = BackingName.of(other.getFileName().toString(), format);
    }
    Rebase.run(
        volume,
        chain.getLast(),
        ReferencePolicy.sameDirectory(),
        ImageOptions.of(ImageFormat.QCOW2),
        backing,
        new RebaseOptions(
            1 + random.nextInt(4),
            random.nextInt(3) == 0,
            false,
            random.nextInt(3) == 0,
            random.nextInt(3) == 0),
        new JobControl());
    Path top = chain.getLast();
    chain.clear();
    chain.addAll(below);
    chain.add(top);
  }

  /** A disk that differs in some places and in size. */
  private byte[] similar(Random random) {
    byte[] disk = Arrays.copyOf(model, 512 * (1 + random.nextInt(2 * model.length / 512)));
    for (int i = 0; i < 4; i++) {
      int from = random.nextInt(disk.length);
      Arrays.fill(
          disk, from, Math.min(disk.length, from + random.nextInt(9000)), (byte) random.nextInt(3));
    }
    return disk;
  }

  private void resize(Random random) throws Exception {
    try (Qcow2Image disk = open()) {
      if (disk.header().version() == 3 || disk.snapshots().isEmpty()) {
        int newBytes = 512 * (1 + random.nextInt(2 * Math.min(model.length, 800_000) / 512));
        disk.resize(newBytes);
        model = Arrays.copyOf(model, newBytes);
      }
    }
  }

  private byte[] content(Path image) throws Exception {
    Path raw = directory.resolve("content.raw");
    qemu.convertToRaw(image, format(image), raw);
    return Files.readAllBytes(raw);
  }

  private void requireModel() throws Exception {
    for (Path image : chain) {
      if (format(image).equals("qcow2")) {
        qemu.assertCheckClean(image);
      }
    }
    assertThat(Arrays.mismatch(content(chain.getLast()), model))
        .as("first byte that QEMU reads differently")
        .isEqualTo(-1);
    try (DiskImage disk = open()) {
      ByteBuffer all = ByteBuffer.allocate(model.length);
      disk.read(0, all);
      assertThat(Arrays.mismatch(all.array(), model)).isEqualTo(-1);
    }
  }
}
