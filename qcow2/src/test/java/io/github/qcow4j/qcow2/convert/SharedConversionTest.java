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
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.commit.Commit;
import io.github.qcow4j.qcow2.commit.CommitOptions;
import io.github.qcow4j.qcow2.commit.CommitResult;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.qcow2.rebase.RebaseResult;
import io.github.qcow4j.qcow2.testing.ContentDigest;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where the file system shares storage, a conversion moves no plain data. */
class SharedConversionTest {

  private static final long MIB = 1 << 20;
  private static final long DISK_BYTES = 64 * MIB;
  private static final Volume VOLUME = Volumes.host();

  /** Five layers of several cluster sizes with plain, compressed and zero clusters in them. */
  private static Path chain(Workbench bench) {
    bench.image(
        "l0.qcow2", "cluster_size=64k", DISK_BYTES, "write -P 1 0 20M", "write -P 2 40M 8M");
    bench.overlay(
        "l1.qcow2", "cluster_size=4k", "l0.qcow2", "write -P 3 1M 5M", "write -P 4 63M 1M");
    bench.overlay("l2.qcow2", "cluster_size=2M", "l1.qcow2", "write -P 5 30M 7M", "write -z 2M 1M");
    bench.overlay(
        "l3.qcow2",
        "cluster_size=64k,compression_type=zstd",
        "l2.qcow2",
        "write -c -P 6 4M 64k",
        "write -P 7 4160k 100k");
    return bench.overlay(
        "l4.qcow2", "cluster_size=64k,extended_l2=on", "l3.qcow2", "write -P 8 50M 3M");
  }

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

  private static long usedBytes(Path directory) throws IOException {
    FileStore store = Files.getFileStore(directory);
    return store.getTotalSpace() - store.getUnallocatedSpace();
  }

  private static DiskImage open(Path path) throws IOException {
    return DiskImages.open(
        VOLUME, path, ReferencePolicy.sameDirectory(), ImageOptions.of(ImageFormat.QCOW2));
  }

  private static ConvertResult convert(DiskImage disk, ConvertTarget target) throws IOException {
    try (target) {
      return Conversion.run(
          List.of(disk), target, ConvertOptions.DEFAULT, new JobControl(), (at, bytes, why) -> {});
    }
  }

  private static Path qemuRaw(Workbench bench, Path image) {
    Path raw = bench.path("qemu.raw");
    bench.qemu().convertToRaw(image, raw);
    return raw;
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void aChainIsFlattenedWithoutUsingStorageForItsPlainData(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    Path top = chain(bench);
    String content = ContentDigest.ofRaw(qemuRaw(bench, top));
    Files.delete(bench.path("qemu.raw"));
    bench.qemu().convertToRaw(top, bench.path("warm.raw"));
    Files.delete(bench.path("warm.raw"));
    new ProcessBuilder("sync", "-f", bench.directory().toString()).start().waitFor();
    long before = usedBytes(bench.directory());
    Path raw = bench.path("ours.raw");
    Path flat = bench.path("ours.qcow2");

    CopyResult toRaw;
    CopyResult toQcow2;
    try (DiskImage disk = open(top)) {
      toRaw = convert(disk, RawTargets.create(VOLUME, raw, DISK_BYTES)).copied();
      toQcow2 =
          convert(
                  disk,
                  Qcow2Targets.create(
                      VOLUME, flat, ImageSpec.ofSize(DISK_BYTES), null, Qcow2Targets.Storage.PLAIN))
              .copied();
    }
    long after = usedBytes(bench.directory());

    assertThat(ContentDigest.ofRaw(raw)).isEqualTo(content);
    assertThat(ContentDigest.ofRaw(qemuRaw(bench, flat))).isEqualTo(content);
    bench.qemu().assertCheckClean(flat);
    assertThat(toRaw.reflinkBytes()).isGreaterThan(35 * MIB);
    assertThat(toRaw.userCopyBytes()).isLessThan(MIB);
    assertThat(toQcow2.reflinkBytes()).isGreaterThan(35 * MIB);
    // Storage that was only reserved (2 MiB of zeros) is not shared but left out.
    assertThat(SharedStorage.sharedBytes(raw)).isGreaterThan(toRaw.reflinkBytes() - 2 * MIB);
    assertThat(SharedStorage.sharedBytes(flat)).isGreaterThan(toQcow2.reflinkBytes() - 2 * MIB);
    assertThat(after - before).as("bytes of the file system used by both").isLessThan(6 * MIB);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void anOverlayIsFlattenedInPlaceBySharing(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    Path top = chain(bench);
    String content = ContentDigest.ofRaw(qemuRaw(bench, top));

    RebaseResult result =
        Rebase.run(
            VOLUME,
            top,
            ReferencePolicy.sameDirectory(),
            ImageOptions.of(ImageFormat.QCOW2),
            null,
            RebaseOptions.DEFAULT,
            new JobControl());

    bench.qemu().assertCheckClean(top);
    for (int i = 0; i < 4; i++) {
      Files.delete(bench.path("l" + i + ".qcow2"));
    }
    assertThat(ContentDigest.ofRaw(qemuRaw(bench, top))).isEqualTo(content);
    assertThat(result.data().reflinkBytes()).isGreaterThan(35 * MIB);
    assertThat(result.data().userCopyBytes()).isLessThan(MIB);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void aCommitSharesWhatItMoves(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    bench.image("base.qcow2", "cluster_size=64k", DISK_BYTES, "write -P 1 0 20M");
    Path overlay =
        bench.overlay("top.qcow2", "cluster_size=2M", "base.qcow2", "write -P 2 10M 30M");
    String content = ContentDigest.ofRaw(qemuRaw(bench, overlay));

    CommitResult result =
        Commit.run(
            VOLUME,
            overlay,
            ReferencePolicy.sameDirectory(),
            ImageOptions.of(ImageFormat.QCOW2),
            CommitOptions.DEFAULT,
            new JobControl());

    bench.qemu().assertCheckClean(overlay);
    bench.qemu().assertCheckClean(bench.path("base.qcow2"));
    assertThat(ContentDigest.ofRaw(qemuRaw(bench, overlay))).isEqualTo(content);
    assertThat(result.data()).isEqualTo(new CopyResult(30 * MIB, 0, 0));
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"EXT4", "TMPFS"})
  void whereStorageCannotBeSharedTheResultIsTheSame(Kind kind) throws Exception {
    Workbench bench = bench(kind);
    Path top = chain(bench);
    String content = ContentDigest.ofRaw(qemuRaw(bench, top));
    Path flat = bench.path("ours.qcow2");
    try (DiskImage disk = open(top)) {
      ConvertTarget target =
          Qcow2Targets.create(
              VOLUME, flat, ImageSpec.ofSize(DISK_BYTES), null, Qcow2Targets.Storage.PLAIN);

      assertThat(convert(disk, target).copied().reflinkBytes()).isZero();
    }
    assertThat(ContentDigest.ofRaw(qemuRaw(bench, flat))).isEqualTo(content);
    bench.qemu().assertCheckClean(flat);
  }
}
