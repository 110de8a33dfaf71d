package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SharedStorage;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.qcow2.testing.CountedCalls;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A chain of five layers with 100 GB of data, on a file system of 1 GB: the layers share the
 * storage of one file, in stripes, each from another layer than its neighbours. Flattening it needs
 * room for metadata only, and little memory.
 *
 * <p>{@code -Dqcow4j.flatten.gib} makes it larger or smaller.
 */
class LargeFlattenTest {

  private static final long MIB = 1 << 20;
  private static final long DISK_BYTES = Long.getLong("qcow4j.flatten.gib", 100) << 30;
  private static final int LAYERS = 5;
  private static final long STRIPE_BYTES = 16 * MIB;
  private static final int SEED_STRIPES = 4;
  private static final long STRIPES = DISK_BYTES / STRIPE_BYTES;

  /** What a file of so many stripes takes besides: tables of the image, records of the extents. */
  private static final long METADATA_BYTES = 4 * MIB + DISK_BYTES / 4096;

  private static final Volume VOLUME = Volumes.host();
  private static final ReferencePolicy POLICY = ReferencePolicy.sameDirectory();
  private static final ImageOptions QCOW2 = ImageOptions.of(ImageFormat.QCOW2);

  private static Path chain(Path directory) throws IOException {
    Path seedPath = directory.resolve("seed");
    try (BlockFile seed = VOLUME.open(seedPath, OpenOptions.creatingNew())) {
      for (int i = 0; i < SEED_STRIPES; i++) {
        byte[] stripe = Workbench.randomBytes((int) STRIPE_BYTES, i);
        seed.write(ByteBuffer.wrap(stripe), i * STRIPE_BYTES);
      }
      seed.sync();
      ImageSpec spec = ImageSpec.ofSize(DISK_BYTES);
      for (int layer = 0; layer < LAYERS; layer++) {
        Path image = directory.resolve("l" + layer + ".qcow2");
        ImageCreation.create(VOLUME, image, spec);
        spec = spec.withBacking(image.getFileName().toString(), "qcow2");
        fill(image, seed, layer);
      }
    }
    return directory.resolve("l" + (LAYERS - 1) + ".qcow2");
  }

  private static void fill(Path image, BlockFile seed, int layer) throws IOException {
    Set<CopyMethod> sharing = Set.of(CopyMethod.REFLINK);
    try (DiskImage disk = DiskImages.open(VOLUME, image, POLICY, QCOW2.withWriting())) {
      for (long stripe = layer; stripe < STRIPES; stripe += LAYERS) {
        long offset = stripe * STRIPE_BYTES;
        long seedOffset = stripe % SEED_STRIPES * STRIPE_BYTES;
        CopyResult made = disk.copyFrom(offset, seed, seedOffset, STRIPE_BYTES, sharing);
        assertThat(made.reflinkBytes()).isEqualTo(STRIPE_BYTES);
      }
    }
  }

  /** What the topmost layer holds itself. */
  private static long ownBytes() {
    return STRIPES / LAYERS * STRIPE_BYTES;
  }

  /** Looks at some places of each stripe. */
  private static void assertContent(Path path, ImageFormat format) throws IOException {
    try (DiskImage disk = DiskImages.open(VOLUME, path, POLICY, ImageOptions.of(format))) {
      byte[][] stripes = new byte[SEED_STRIPES][];
      for (int i = 0; i < SEED_STRIPES; i++) {
        stripes[i] = Workbench.randomBytes((int) STRIPE_BYTES, i);
      }
      ByteBuffer piece = ByteBuffer.allocate(4096);
      for (long stripe = 0; stripe < STRIPES; stripe++) {
        byte[] expected = stripes[(int) (stripe % SEED_STRIPES)];
        for (int at : new int[] {0, (int) (stripe * 4096 % STRIPE_BYTES), expected.length - 4096}) {
          disk.read(stripe * STRIPE_BYTES + at, piece.clear());
          assertThat(piece.flip().mismatch(ByteBuffer.wrap(expected, at, 4096))).isEqualTo(-1);
        }
      }
      assertThat(disk.virtualSize()).isEqualTo(DISK_BYTES);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void aLargeChainIsFlattenedWithoutNewDataBlocksInLittleMemory(Kind kind) throws Exception {
    QemuTools qemu = QemuTools.require();
    try (LoopFileSystem own = LoopFileSystem.mount(kind, 1L << 30)) {
      Path directory = own.newDirectory();
      final Path top = chain(directory);
      for (String job : List.of("raw", "qcow2", "rebase")) {
        long before = own.usedBytes();
        long start = System.nanoTime();
        Process process =
            JavaProcess.builder(
                    List.of(
                        "-Xmx256m",
                        "-Dqcow4j.flatten.gib=" + (DISK_BYTES >> 30),
                        "--enable-native-access=ALL-UNNAMED"),
                    Flattening.class,
                    job,
                    directory.toString())
                .start();
        String told =
            new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).isZero();
        System.out.printf(
            "%d GiB in %d stripes, %s on %s: %s, %.1f s%n",
            DISK_BYTES >> 30, STRIPES, job, kind, told, (System.nanoTime() - start) / 1e9);

        // In place, a fifth of it is there already.
        long moved = DISK_BYTES - (job.equals("rebase") ? ownBytes() : 0);
        assertThat(Long.parseLong(told.split(" ", -1)[0])).isEqualTo(moved);
        // Each stripe once, and few of them in two parts.
        assertThat(Long.parseLong(told.split(" ", -1)[2])).isLessThan(STRIPES + STRIPES / 8 + 32);
        assertThat(own.usedBytes() - before).as(job).isLessThan(METADATA_BYTES);
      }
      Path raw = directory.resolve("flat.raw");
      assertThat(SharedStorage.sharedBytes(raw)).isEqualTo(DISK_BYTES);
      assertContent(raw, ImageFormat.RAW);
      Path flat = directory.resolve("flat.qcow2");
      assertThat(SharedStorage.sharedBytes(flat)).isGreaterThanOrEqualTo(DISK_BYTES);
      assertContent(flat, ImageFormat.QCOW2);
      assertContent(top, ImageFormat.QCOW2);
      qemu.assertCheckClean(flat);
      qemu.assertCheckClean(top);
    }
  }

  /** The child process: does one of the jobs, and tells how much it shared in how many calls. */
  static final class Flattening {

    private Flattening() {}

    public static void main(String[] arguments) throws IOException {
      CountedCalls calls = new CountedCalls();
      Volume volume = calls.over(Volumes.host());
      Path directory = Path.of(arguments[1]);
      Path top = directory.resolve("l" + (LAYERS - 1) + ".qcow2");
      CopyResult copied =
          arguments[0].equals("rebase")
              ? Rebase.run(
                      volume, top, POLICY, QCOW2, null, RebaseOptions.DEFAULT, new JobControl())
                  .data()
              : convert(volume, top, directory.resolve("flat." + arguments[0]));
      System.out.println(
          copied.reflinkBytes()
              + " shared, "
              + (calls.of("copyRange") + calls.of("cloneRange"))
              + " calls, "
              + (copied.totalBytes() - copied.reflinkBytes())
              + " copied");
    }

    private static CopyResult convert(Volume volume, Path top, Path to) throws IOException {
      try (DiskImage disk = DiskImages.open(volume, top, POLICY, QCOW2);
          ConvertTarget target =
              to.toString().endsWith(".raw")
                  ? RawTargets.create(volume, to, DISK_BYTES)
                  : Qcow2Targets.create(
                      volume, to, ImageSpec.ofSize(DISK_BYTES), null, Qcow2Targets.Storage.PLAIN)) {
        return Conversion.run(
                List.of(disk),
                target,
                ConvertOptions.DEFAULT,
                new JobControl(),
                (offset, length, cause) -> {})
            .copied();
      }
    }
  }
}
