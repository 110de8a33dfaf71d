package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashReport;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Random workloads on a disk that can lose power. Whatever state is left, the image opens, a check
 * finds leaks at the worst, all that was synced is there, and of what was not each sector is as it
 * was before or after some later change.
 */
class WriteCrashTest {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int SECTOR = 512;
  private static final long SEED = Long.getLong("qcow4j.seed", 7L);
  private static final int WORKLOADS = Integer.getInteger("qcow4j.crash.workloads", 24);
  private static final int LIMIT_PER_POINT = Integer.getInteger("qcow4j.crash.limit", 48);

  /** What the disk holds after a change, or, when synced, from then on. */
  private record Version(ByteBuffer content, List<byte[]> snapshots, boolean synced) {

    Version(byte[] content, List<byte[]> snapshots, boolean synced) {
      this(ByteBuffer.wrap(content.clone()), List.copyOf(snapshots), synced);
    }

    boolean hasSector(byte[] other, int start) {
      return content.slice(start, SECTOR).equals(ByteBuffer.wrap(other, start, SECTOR));
    }
  }

  @Test
  void noPowerCutCorruptsAnImageOrLosesWhatWasSynced() throws Exception {
    CrashReport sum = new CrashReport(0, 0, 0, 0, 0);
    for (int i = 0; i < WORKLOADS; i++) {
      long seed = SEED + i;
      try {
        sum = sum.plus(explore(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "replay with -Dqcow4j.seed=" + seed + " -Dqcow4j.crash.workloads=1: " + e, e);
      }
    }
    System.out.println("crash states of writing: " + sum);
    assertThat(sum.distinctStates()).isGreaterThan(20L * WORKLOADS);
  }

  private static CrashReport explore(long seed) throws Exception {
    Random random = new Random(seed);
    SimulatedVolume volume = SimulatedVolume.create();
    ImageSpec spec = spec(random);
    byte[] model = new byte[(int) spec.sizeBytes()];
    ImageCreation.create(volume, IMAGE, spec);
    volume.settle();
    volume.mark(new Version(model, List.of(), true));
    runWorkload(volume, model, random);
    return CrashExplorer.of(volume)
        .seed(seed)
        .sectorBytes(random.nextBoolean() ? 512 : 4096)
        .limitPerPoint(LIMIT_PER_POINT)
        .explore(WriteCrashTest::check);
  }

  private static ImageSpec spec(Random random) {
    int clusterBits = 9 + random.nextInt(7);
    boolean extended = clusterBits >= 14 && random.nextBoolean();
    int refcountOrder = 3 + random.nextInt(4);
    // Small enough to be compared often, large enough for several L2 tables at small clusters.
    int sectors = 32 + random.nextInt(160);
    return new ImageSpec(
        (long) sectors * SECTOR,
        3,
        clusterBits,
        refcountOrder,
        CompressionType.ZLIB,
        extended,
        false,
        null,
        null);
  }

  private static void runWorkload(SimulatedVolume volume, byte[] model, Random random)
      throws Exception {
    List<byte[]> snapshots = new ArrayList<>();
    try (Qcow2Image disk = open(volume, true)) {
      for (int step = 0; step < 14; step++) {
        int from = random.nextInt(model.length);
        int length = 1 + random.nextInt(Math.min(model.length - from, 12_000));
        byte[] before = model.clone();
        switch (random.nextInt(9)) {
          case 0, 1, 2, 3 -> {
            byte[] data = new byte[length];
            random.nextBytes(data);
            System.arraycopy(data, 0, model, from, length);
            volume.mark(new Version(model, snapshots, false));
            disk.write(from, ByteBuffer.wrap(data));
          }
          case 4 -> {
            Arrays.fill(model, from, from + length, (byte) 0);
            volume.mark(new Version(model, snapshots, false));
            disk.writeZeroes(from, length, random.nextBoolean());
          }
          case 5 -> {
            snapshots.add(before);
            volume.mark(new Version(model, snapshots, false));
            disk.createSnapshot("s", Instant.EPOCH);
            volume.mark(new Version(model, snapshots, true));
          }
          case 6 -> {
            if (!snapshots.isEmpty()) {
              int index = random.nextInt(snapshots.size());
              InternalSnapshot chosen = disk.snapshots().get(index);
              if (random.nextBoolean()) {
                System.arraycopy(snapshots.get(index), 0, model, 0, model.length);
                volume.mark(new Version(model, snapshots, false));
                disk.applySnapshot(chosen);
              } else {
                snapshots.remove(index);
                volume.mark(new Version(model, snapshots, false));
                disk.deleteSnapshot(chosen);
              }
              volume.mark(new Version(model, snapshots, true));
            }
          }
          default -> {
            disk.sync();
            volume.mark(new Version(model, snapshots, true));
          }
        }
      }
    }
    volume.mark(new Version(model, snapshots, true));
  }

  private static void check(CrashState state) throws Exception {
    List<Version> possible = possible(state.marks());
    try (ImageCheck image = ImageCheck.open(state.volume(), IMAGE, ImageOptions.Sharing.DEFAULT)) {
      List<Object> findings = new ArrayList<>();
      CheckReport report = image.run(findings::add, new JobControl());
      assertThat(report.corruptions() + report.checkErrors())
          .as(findings + "\n" + state.description())
          .isZero();
    }
    try (DiskImage disk = open(state.volume(), false)) {
      ByteBuffer all = ByteBuffer.allocate((int) disk.virtualSize());
      disk.read(0, all);
      requireSectors(all.array(), possible, state);
      for (InternalSnapshot snapshot : ((Qcow2Image) disk).snapshots()) {
        ByteBuffer content = ByteBuffer.allocate((int) disk.virtualSize());
        ((Qcow2Image) disk).openSnapshot(snapshot).read(0, content);
        requireSnapshot(content.array(), possible, state);
      }
    }
  }

  /** All versions since the last one that is durable. */
  private static List<Version> possible(List<Object> marks) {
    int from = 0;
    for (int i = 0; i < marks.size(); i++) {
      if (((Version) marks.get(i)).synced()) {
        from = i;
      }
    }
    return marks.subList(from, marks.size()).stream().map(Version.class::cast).toList();
  }

  private static void requireSectors(byte[] content, List<Version> possible, CrashState state) {
    TreeSet<Integer> wrong = new TreeSet<>();
    for (int from = 0; from < content.length; from += SECTOR) {
      int start = from;
      boolean known = possible.stream().anyMatch(version -> version.hasSector(content, start));
      if (!known) {
        wrong.add(from);
      }
    }
    assertThat(wrong).as("sectors that are neither old nor new\n" + state.description()).isEmpty();
  }

  private static void requireSnapshot(byte[] content, List<Version> possible, CrashState state) {
    boolean known =
        possible.stream()
            .flatMap(version -> version.snapshots().stream())
            .anyMatch(snapshot -> Arrays.equals(snapshot, content));
    assertThat(known).as("a snapshot holds what was taken\n" + state.description()).isTrue();
  }

  private static Qcow2Image open(Volume volume, boolean writable) throws Exception {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2);
    return (Qcow2Image)
        DiskImages.open(
            volume, IMAGE, ReferencePolicy.deny(), writable ? options.withWriting() : options);
  }
}
