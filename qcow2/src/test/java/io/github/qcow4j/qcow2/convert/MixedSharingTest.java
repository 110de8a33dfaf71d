package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.nativeio.SharedStorage;
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
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Data that can be shared in parts only: shared where blocks fit, copied where they do not. */
class MixedSharingTest {

  private static final long MIB = 1 << 20;
  private static final Volume VOLUME = Volumes.host();
  private static final ReferencePolicy POLICY = ReferencePolicy.sameDirectory();
  private static final ImageOptions QCOW2 = ImageOptions.of(ImageFormat.QCOW2);
  private static final ImageOptions RAW = ImageOptions.of(ImageFormat.RAW);

  private final List<Path> made = new ArrayList<>();

  @AfterEach
  void makeRoom() throws IOException {
    for (Path directory : made) {
      LoopFileSystem.delete(directory);
    }
  }

  private Workbench bench(Kind kind) throws IOException {
    made.add(LoopFileSystem.shared(kind).newDirectory());
    return Workbench.in(made.getLast());
  }

  private static CopyResult toRaw(Path target, ImageOptions format, Path... sources)
      throws IOException {
    List<DiskImage> disks = new ArrayList<>();
    long size = 0;
    for (Path source : sources) {
      disks.add(DiskImages.open(VOLUME, source, POLICY, format));
      size += disks.getLast().virtualSize();
    }
    try {
      return convert(disks, RawTargets.create(VOLUME, target, size));
    } finally {
      for (DiskImage disk : disks) {
        disk.close();
      }
    }
  }

  private static CopyResult convert(List<DiskImage> disks, ConvertTarget target)
      throws IOException {
    try (target) {
      return Conversion.run(
              disks, target, ConvertOptions.DEFAULT, new JobControl(), (at, bytes, why) -> {})
          .copied();
    }
  }

  /** Into an image that qemu-img made. */
  private static CopyResult into(Path target, Path source, ImageOptions format) throws IOException {
    try (DiskImage disk = DiskImages.open(VOLUME, source, POLICY, format)) {
      DiskImage image = DiskImages.open(VOLUME, target, POLICY, QCOW2.withWriting());
      return convert(
          List.of(disk),
          Qcow2Targets.existing((Qcow2Image) image, true, false, Qcow2Targets.Storage.PLAIN));
    }
  }

  private static void assertSame(Workbench bench, String formats, Path left, Path right) {
    String[] format = formats.split(" ", -1);
    bench
        .qemu()
        .img("compare", "-f", format[0], "-F", format[1], left.toString(), right.toString())
        .orFail();
  }

  private static void assertMixed(CopyResult copied) {
    assertThat(copied.reflinkBytes()).as(copied.toString()).isPositive();
    assertThat(copied.totalBytes() - copied.reflinkBytes()).as(copied.toString()).isPositive();
  }

  private static Path random(Workbench bench, String name, int bytes) {
    return bench.file(name, Workbench.randomBytes(bytes, 61));
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void smallClustersAreSharedWhereTheyHappenToLieInWholeBlocks(Kind kind) throws Exception {
    for (String clusterSize : List.of("512", "1k", "2k")) {
      Workbench bench = bench(kind);
      random(bench, "content", (int) (8 * MIB));
      Path image =
          bench.image(
              "small.qcow2",
              "cluster_size=" + clusterSize,
              9 * MIB,
              "write -s content 0 8M",
              "write -P 3 8390144 1k");
      Path raw = bench.path("flat.raw");

      CopyResult copied = toRaw(raw, QCOW2, image);

      assertMixed(copied);
      assertThat(SharedStorage.sharedBytes(raw)).isEqualTo(copied.reflinkBytes());
      assertSame(bench, "qcow2 raw", image, raw);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void anImageOfSmallClustersTakesWholeBlocksShared(Kind kind) throws Exception {
    for (String clusterSize : List.of("512", "1k", "2k")) {
      Workbench bench = bench(kind);
      Path raw = random(bench, "content", (int) (4 * MIB + 512));
      Path image = bench.image("small.qcow2", "cluster_size=" + clusterSize, 4 * MIB + 512);

      CopyResult copied = into(image, raw, RAW);

      assertMixed(copied);
      assertThat(SharedStorage.sharedBytes(image)).isEqualTo(copied.reflinkBytes());
      bench.qemu().assertCheckClean(image);
      assertSame(bench, "qcow2 raw", image, raw);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void ofDisksBehindOneAnotherThoseAreSharedThatBeginAtABlock(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    Path first = random(bench, "first", (int) (2 * MIB + 512));
    Path second = random(bench, "second", (int) (2 * MIB));
    Path both = bench.path("both");

    CopyResult copied = toRaw(both, RAW, first, second);

    assertThat(copied).isEqualTo(new CopyResult(2 * MIB, 0, 2 * MIB + 512));
    assertThat(SharedStorage.sharedBytes(both)).isEqualTo(2 * MIB);
    byte[] expected = Arrays.copyOf(Files.readAllBytes(first), (int) (4 * MIB + 512));
    System.arraycopy(
        Files.readAllBytes(second), 0, expected, (int) (2 * MIB + 512), (int) (2 * MIB));
    assertThat(both).hasBinaryContent(expected);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void theTailOfAFileIsCopied(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    Path raw = random(bench, "content", (int) (3 * MIB + 1000));
    Path flat = bench.path("flat.raw");
    assertThat(toRaw(flat, RAW, raw)).isEqualTo(new CopyResult(3 * MIB, 0, 1024));
    assertSame(bench, "raw raw", raw, flat);

    Path image = bench.image("cut.qcow2", "", 4 * MIB, "write -P 7 0 4M");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(file.length() - 10_000);
    }
    Path copied = bench.path("cut.raw");
    CopyResult result = toRaw(copied, QCOW2, image);
    assertMixed(result);
    assertSame(bench, "qcow2 raw", image, copied);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void externalDataFilesAreSharedOnBothSides(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    random(bench, "content", (int) (5 * MIB));
    Path from =
        bench.image(
            "from.qcow2",
            "data_file=" + bench.path("from.data") + ",data_file_raw=on",
            8 * MIB,
            "write -s content 0 5M");
    Path to = bench.image("to.qcow2", "data_file=" + bench.path("to.data"), 8 * MIB);

    CopyResult copied = into(to, from, QCOW2);

    // A data file has holes where nothing was written.
    assertThat(copied).isEqualTo(new CopyResult(5 * MIB, 0, 0));
    assertThat(SharedStorage.sharedBytes(bench.path("to.data"))).isEqualTo(5 * MIB);
    bench.qemu().assertCheckClean(to);
    assertSame(bench, "qcow2 qcow2", from, to);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void aRawBaseTakesWholeBlocksSharedAndGivesThem(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    Path base = random(bench, "base.raw", (int) (6 * MIB + 1536));
    Path top = bench.path("top.qcow2");
    bench.qemu().createOverlay(top, "cluster_size=2k", "base.raw", "raw");
    bench.write(top, "write -P 1 1M 1M", "write -P 2 4194816 2k");
    Path before = bench.path("before.raw");
    bench.qemu().convertToRaw(top, before);
    Path twin = bench.copy(top, "twin.qcow2");

    CopyResult flattened =
        Rebase.run(VOLUME, twin, POLICY, QCOW2, null, RebaseOptions.DEFAULT, new JobControl())
            .data();
    assertMixed(flattened);
    bench.qemu().assertCheckClean(twin);
    assertSame(bench, "qcow2 raw", twin, before);

    CopyResult committed =
        Commit.run(VOLUME, top, POLICY, QCOW2, CommitOptions.DEFAULT, new JobControl()).data();
    assertMixed(committed);
    assertSame(bench, "raw raw", base, before);
    assertSame(bench, "qcow2 raw", top, before);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void subclustersOfWholeBlocksAreSharedAndSmallerOnesCopied(Kind kind) throws Exception {
    for (String clusterSize : List.of("32k", "128k", "1M")) {
      Workbench bench = bench(kind);
      random(bench, "content", (int) (8 * MIB));
      bench.image("base.qcow2", "", 8 * MIB, "write -s content 0 8M");
      Path top =
          bench.overlay(
              "top.qcow2",
              "extended_l2=on,cluster_size=" + clusterSize,
              "base.qcow2",
              "write -P 1 256k 8k",
              "write -P 2 1082880 1k",
              "write -P 3 4M 1M",
              "write -c -P 4 6M " + clusterSize);
      Path before = bench.path("before.raw");
      bench.qemu().convertToRaw(top, before);

      CopyResult copied =
          Rebase.run(VOLUME, top, POLICY, QCOW2, null, RebaseOptions.DEFAULT, new JobControl())
              .data();

      assertThat(copied.reflinkBytes()).isGreaterThan(5 * MIB);
      if (clusterSize.equals("32k")) {
        assertMixed(copied);
      }
      assertThat(SharedStorage.sharedBytes(top)).isEqualTo(copied.reflinkBytes());
      bench.qemu().assertCheckClean(top);
      assertSame(bench, "qcow2 raw", top, before);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void whatDiffersBetweenTwoBackingFilesIsShared(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    random(bench, "content", (int) (8 * MIB));
    bench.image("old.qcow2", "", 8 * MIB, "write -s content 0 8M");
    Path fresh = bench.image("new.qcow2", "", 8 * MIB, "write -P 5 0 8M");
    Path top = bench.overlay("top.qcow2", "", "old.qcow2", "write -P 1 1M 1M");
    Path before = bench.path("before.raw");
    bench.qemu().convertToRaw(top, before);

    CopyResult copied =
        Rebase.run(
                VOLUME,
                top,
                POLICY,
                QCOW2,
                BackingName.of(fresh.toString(), ImageFormat.QCOW2),
                RebaseOptions.DEFAULT,
                new JobControl())
            .data();

    assertThat(copied).isEqualTo(new CopyResult(7 * MIB, 0, 0));
    assertThat(SharedStorage.sharedBytes(top)).isEqualTo(7 * MIB);
    bench.qemu().assertCheckClean(top);
    assertSame(bench, "qcow2 raw", top, before);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void holesBehindDataClustersStayHoles(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    // Preallocated: all of its disk is mapped, and most of it a hole.
    Path source = bench.image("source.qcow2", "preallocation=metadata", 64 * MIB);
    bench.write(source, "write -P 9 20M 2M");
    Path over = bench.overlay("over.qcow2", "", "source.qcow2", "write -P 8 30M 64k");
    Path before = bench.path("before.raw");
    bench.qemu().convertToRaw(over, before);

    CopyResult flattened =
        Rebase.run(
                VOLUME,
                over,
                POLICY,
                QCOW2,
                null,
                new RebaseOptions(2, false, true, false, true),
                new JobControl())
            .data();

    assertThat(flattened.totalBytes()).isBetween(2 * MIB, 3 * MIB);
    assertThat(flattened.userCopyBytes()).isZero();
    bench.qemu().assertCheckClean(over);
    assertSame(bench, "qcow2 raw", over, before);
  }
}
