package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.ContentDigest;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A chain becomes one file that shows the same and holds nothing else, by sharing a whole file
 * where that is one.
 */
class FlatteningTest {

  private static final Volume VOLUME = Volumes.host();
  private static final long MIB = 1 << 20;
  private static final long DISK_BYTES = 64 * MIB;
  private static final int CLUSTER_BYTES = 65536;

  /** What the disk no longer shows, or never did. */
  private static final byte SECRET = 0x5A;

  private Path directory;

  @AfterEach
  void makeRoom() throws IOException {
    LoopFileSystem.delete(directory);
  }

  private Workbench bench(Kind kind) throws IOException {
    directory = LoopFileSystem.shared(kind).newDirectory();
    return Workbench.in(directory);
  }

  private static CopyResult flatten(Path source, Path target) throws IOException {
    return flatten(VOLUME, source, target);
  }

  private static CopyResult flatten(Volume volume, Path source, Path target) throws IOException {
    try (DiskImage disk =
        DiskImages.open(
            volume, source, ReferencePolicy.sameDirectory(), ImageOptions.of(ImageFormat.QCOW2))) {
      return Flattening.run(volume, target, disk, ConvertOptions.DEFAULT, new JobControl());
    }
  }

  /** Flattens an image, and holds the result against what QEMU sees in it. */
  private static CopyResult flattenTruly(Workbench bench, Path source) throws IOException {
    Path raw = bench.path("source.raw");
    bench.qemu().convertToRaw(source, raw);
    String content = ContentDigest.ofRaw(raw);
    Path flat = bench.path("flat.qcow2");
    CopyResult copied = flatten(source, flat);
    bench.qemu().assertCheckClean(flat);
    assertThat(bench.qemu().checkJson(flat)).doesNotContain("\"leaks\"");
    assertThat(bench.qemu().infoJson(flat)).doesNotContain("backing");
    bench.qemu().convertToRaw(flat, raw);
    assertThat(ContentDigest.ofRaw(raw)).isEqualTo(content);
    return copied;
  }

  private static boolean holdsSecret(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int run = 0;
    for (byte each : bytes) {
      run = each == SECRET ? run + 1 : 0;
      if (run == 16) {
        return true;
      }
    }
    return false;
  }

  private static byte[] secret(int lengthBytes) {
    byte[] bytes = new byte[lengthBytes];
    Arrays.fill(bytes, SECRET);
    return bytes;
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void aSingleLayerIsSharedAsAWhole(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    Path image =
        bench.image(
            "a.qcow2", "", DISK_BYTES, "write -P 1 0 20M", "write -z 30M 1M", "write 63M 1M");

    assertThat(flattenTruly(bench, image)).isEqualTo(new CopyResult(21 * MIB, 0, 0));

    assertThat(Files.mismatch(image, bench.path("flat.qcow2"))).isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void theLargestLayerIsSharedAndTheOthersAreWrittenOverAndUnderIt(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    bench.image("l0.qcow2", "", DISK_BYTES, "write -P 1 0 3M", "write -P 2 50M 1M");
    bench.overlay("l1.qcow2", "", "l0.qcow2", "write -P 3 2M 40M", "write -z 50M 512k");
    bench.overlay("l2.qcow2", "", "l1.qcow2", "write -z 4M 1M", "write -P 4 10M 100k");
    Path top =
        bench.overlay(
            "l3.qcow2",
            "",
            "l2.qcow2",
            "write -c -P 5 20M 64k",
            "write -z 30000k 10k",
            "write 60M 1");

    CopyResult copied = flattenTruly(bench, top);

    assertThat(copied.reflinkBytes()).isBetween(40 * MIB, 44 * MIB);
    assertThat(copied.userCopyBytes()).isLessThan(MIB);
  }

  /** Ways in which a file holds what its disk does not show. */
  private enum Hiding {
    DISCARDED,
    OVERWRITTEN_WITH_ZEROS_BY_THE_OVERLAY,
    DISCARDED_BY_THE_OVERLAY,
    LEAKED,
    BEHIND_THE_END,
    INTERNAL_SNAPSHOT,
    RESERVED_ZEROS,
    BEHIND_THE_HEADER,
    BEHIND_THE_L1_TABLE,
    REFERRED_TO_BEHIND_THE_DISK,
    COMPRESSED_LEFTOVER,
    UNKNOWN_EXTENSION,
    DIRTY_BIT
  }

  /** Those whose file is shared as a whole all the same, and freed of it. */
  private static final Set<Hiding> TAKEN_OUT =
      Set.of(
          Hiding.DISCARDED,
          Hiding.OVERWRITTEN_WITH_ZEROS_BY_THE_OVERLAY,
          Hiding.DISCARDED_BY_THE_OVERLAY);

  private static Path hide(Workbench bench, Hiding hiding) {
    String secret = "write -P 0x5a 10M 1M";
    String discard = "discard 10M 1M";
    Path image = bench.image("a.qcow2", "", DISK_BYTES, "write -P 1 0 8M");
    switch (hiding) {
      case DISCARDED -> {
        // Without passing the discard on, the bytes stay in the file.
        bench.write(image, secret);
        bench.operate(image, surgeon -> forget(surgeon, 10 * MIB));
      }
      case OVERWRITTEN_WITH_ZEROS_BY_THE_OVERLAY -> {
        bench.write(image, secret);
        return bench.overlay("top.qcow2", "", "a.qcow2", "write -z 10M 1M");
      }
      case DISCARDED_BY_THE_OVERLAY -> {
        bench.write(image, secret);
        return bench.overlay("top.qcow2", "", "a.qcow2", discard);
      }
      case LEAKED ->
          bench.operate(
              image,
              surgeon -> {
                long cluster = surgeon.appendCluster();
                surgeon.write(cluster, secret(CLUSTER_BYTES));
              });
      case BEHIND_THE_END ->
          bench.operate(
              image,
              surgeon ->
                  surgeon.write(surgeon.lengthBytes() + 3 * CLUSTER_BYTES, secret(CLUSTER_BYTES)));
      case INTERNAL_SNAPSHOT -> {
        bench.write(image, secret);
        bench.snapshot(image, "s");
        bench.write(image, "write -P 2 10M 1M");
      }
      case RESERVED_ZEROS -> bench.write(image, secret, "write -z 10M 1M");
      case BEHIND_THE_HEADER -> bench.operate(image, surgeon -> surgeon.write(8192, secret(4096)));
      case BEHIND_THE_L1_TABLE ->
          bench.operate(
              image,
              surgeon -> {
                long l1 = surgeon.get(HeaderField.L1_TABLE_OFFSET);
                surgeon.write(l1 + 512, secret(4096));
              });
      case REFERRED_TO_BEHIND_THE_DISK -> {
        bench.write(image, secret);
        bench.operate(image, surgeon -> surgeon.set(HeaderField.SIZE, 9 * MIB));
      }
      case COMPRESSED_LEFTOVER -> {
        bench.write(image, "write -c -P 3 12M 64k");
        bench.operate(
            image,
            surgeon -> {
              long host = surgeon.compressedEntry(12 * MIB).hostOffset();
              surgeon.write((host & -CLUSTER_BYTES) + CLUSTER_BYTES / 2, secret(CLUSTER_BYTES / 2));
            });
      }
      case UNKNOWN_EXTENSION ->
          bench.operate(
              image,
              surgeon -> {
                int at = surgeon.headerLengthBytes();
                surgeon.setNumber(at, 4, 0x12345678);
                surgeon.setNumber(at + 4, 4, 64);
                surgeon.write(at + 8, secret(64));
                surgeon.setNumber(at + 72, 0);
              });
      case DIRTY_BIT -> {
        bench.write(image, secret);
        bench.operate(
            image,
            surgeon -> {
              forget(surgeon, 10 * MIB);
              surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, 0);
            });
      }
    }
    return image;
  }

  /** What a discard does to 1 MiB that is not passed on to the file. */
  private static void forget(ImageSurgeon surgeon, long guestOffset) {
    for (long at = guestOffset; at < guestOffset + MIB; at += CLUSTER_BYTES) {
      surgeon.setRefcount(surgeon.clusterOffset(at), 0);
      surgeon.setL2Entry(at, 0);
    }
  }

  @ParameterizedTest
  @EnumSource(Hiding.class)
  void whatTheDiskDoesNotShowStaysBehind(Hiding hiding) throws Exception {
    Workbench bench = bench(Kind.XFS);
    Path image = hide(bench, hiding);
    assertThat(holdsSecret(bench.path("a.qcow2"))).as("it is in the file").isTrue();

    TappedVolume tapped = new TappedVolume(VOLUME);
    flatten(tapped.volume(), image, bench.path("flat.qcow2"));

    assertThat(holdsSecret(bench.path("flat.qcow2"))).as("it is given away").isFalse();
    if (TAKEN_OUT.contains(hiding)) {
      assertThat(tapped.calls()).anyMatch(call -> call.is("cloneFrom"));
    }
    bench.qemu().assertCheckClean(bench.path("flat.qcow2"));
    if (hiding != Hiding.DIRTY_BIT) {
      assertThat(flattenAgain(bench, image).totalBytes()).isPositive();
    }
  }

  private static CopyResult flattenAgain(Workbench bench, Path image) throws IOException {
    Files.delete(bench.path("flat.qcow2"));
    return flattenTruly(bench, image);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "compat=0.10",
        "cluster_size=4k",
        "cluster_size=2M",
        "extended_l2=on",
        "lazy_refcounts=on",
        "refcount_bits=1",
        "compression_type=zstd"
      })
  void imagesOfOtherShapesAreLaidOutAnew(String options) throws Exception {
    Workbench bench = bench(Kind.XFS);
    Path image = bench.image("a.qcow2", options, DISK_BYTES, "write -P 1 0 20M");

    flattenTruly(bench, image);

    try (ImageSurgeon flat = ImageSurgeon.open(bench.path("flat.qcow2"))) {
      assertThat(flat.clusterSizeBytes()).isEqualTo(CLUSTER_BYTES);
      assertThat(flat.get(HeaderField.VERSION)).isEqualTo(3);
      assertThat(flat.get(HeaderField.INCOMPATIBLE_FEATURES)).isZero();
      assertThat(flat.get(HeaderField.COMPATIBLE_FEATURES)).isZero();
      assertThat(flat.refcountBits()).isEqualTo(16);
    }
  }

  @Test
  void layersOfOtherSizesAreNotSharedThroughThem() throws Exception {
    Workbench bench = bench(Kind.XFS);
    bench.image("l0.qcow2", "", DISK_BYTES, "write -P 1 0 64M");
    bench.overlay("l1.qcow2", "", "l0.qcow2", "write -P 2 1M 1M");
    bench.qemu().img("resize", "-q", "--shrink", bench.path("l1.qcow2").toString(), "10M").orFail();
    Path top = bench.overlay("l2.qcow2", "", "l1.qcow2", "write -P 3 3M 64k");
    bench.qemu().img("resize", "-q", top.toString(), "64M").orFail();

    flattenTruly(bench, top);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"EXT4", "TMPFS"})
  void whereStorageCannotBeSharedTheResultIsTheSame(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    Path image = bench.image("a.qcow2", "", DISK_BYTES, "write -P 1 0 20M");

    assertThat(flattenTruly(bench, image).reflinkBytes()).isZero();
  }

  /** Chains of plain layers with all that can be in them; the seeds are in the tests' names. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void randomChainsAreFlattenedTruly(long seed) throws Exception {
    Workbench bench = bench(Kind.XFS);
    SplittableRandom random = new SplittableRandom(seed);
    Path top = bench.image("l0.qcow2", "", DISK_BYTES, commands(random));
    int layers = 1 + random.nextInt(4);
    for (int i = 1; i < layers; i++) {
      top = bench.overlay("l" + i + ".qcow2", "", "l" + (i - 1) + ".qcow2", commands(random));
    }

    flattenTruly(bench, top);
  }

  private static String[] commands(SplittableRandom random) {
    String[] commands = new String[random.nextInt(1, 12)];
    for (int i = 0; i < commands.length; i++) {
      boolean whole = random.nextBoolean();
      int unit = whole ? CLUSTER_BYTES : 512;
      long offset = random.nextLong(DISK_BYTES / unit) * unit;
      long length =
          Math.min(DISK_BYTES - offset, unit * (long) random.nextInt(1, whole ? 200 : 3000));
      String what =
          switch (random.nextInt(5)) {
            case 0 -> "write -z";
            case 1 -> "write -z -u";
            case 2 -> "discard";
            default -> "write -P " + random.nextInt(1, 255);
          };
      commands[i] = what + " " + offset + " " + length;
    }
    return commands;
  }
}
