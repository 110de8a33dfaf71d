package io.github.qcow4j.qcow2.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.ImageRecipe;
import io.github.qcow4j.qcow2.testing.SpecialImages;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a rewritten image keeps, what cannot be rewritten, and that nothing happens halfway. */
class ImageRewriteTest {

  private static final Volume VOLUME = Volumes.host();
  private static final ImageOptions QCOW2 = ImageOptions.of(ImageFormat.QCOW2);
  private static final RewriteRequest SMALL = RewriteRequest.SAME.withClusterBits(12);

  @TempDir private Path directory;
  private Workbench bench;

  @BeforeEach
  void prepare() {
    bench = Workbench.in(directory);
  }

  static List<ImageRecipe> specials() {
    return SpecialImages.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("specials")
  void everyOddImageIsRewrittenAndShowsTheSameOrIsLeftAsItIs(ImageRecipe recipe)
      throws IOException {
    Path image = recipe.build(directory);
    DiskImage opened;
    try {
      opened = DiskImages.open(VOLUME, image, ReferencePolicy.allow(), QCOW2.withWriting());
    } catch (IOException e) {
      // What cannot be opened for writing is no matter here.
      return;
    }
    try (DiskImage disk = opened) {
      if (disk.virtualSize() > 64 << 20) {
        return;
      }
      byte[] content = read(disk);
      Throwable refusal =
          catchThrowable(
              () -> ImageRewrite.run(VOLUME, (Qcow2Image) disk, SMALL, new JobControl()));
      if (refusal != null) {
        assertThat(refusal).isInstanceOf(ImageException.class);
        assertThat(read(disk)).isEqualTo(content);
        return;
      }
      try (Qcow2Image rewritten = open(image, false)) {
        assertThat(read(rewritten)).isEqualTo(content);
        assertThat(rewritten.header().clusterBits()).isEqualTo(12);
        requireUnknownKept(((Qcow2Image) disk).header(), rewritten.header());
      }
    }
    bench.qemu().assertCheckClean(image);
  }

  private static void requireUnknownKept(Qcow2Header old, Qcow2Header now) {
    long known = Feature.knownMask(Feature.Group.COMPATIBLE);
    assertThat(now.extensions().unknown()).isEqualTo(old.extensions().unknown());
    assertThat(now.unknownTail()).isEqualTo(old.unknownTail());
    assertThat(now.compatibleFeatures() & ~known).isEqualTo(old.compatibleFeatures() & ~known);
    assertThat(now.backingFileName()).isEqualTo(old.backingFileName());
    assertThat(now.extensions().backingFormat()).isEqualTo(old.extensions().backingFormat());
  }

  @Test
  void theResultDoesNotDependOnTheNumberOfThreads() throws IOException {
    Path source = bench.image("source.qcow2", "", 24 << 20);
    bench.file("content.raw", Workbench.halfRandomBytes(24 << 20, 2));
    bench
        .qemu()
        .img(
            "convert", "-c", "-O", "qcow2", bench.path("content.raw").toString(), source.toString())
        .orFail();
    bench.write(source, "write -P 5 3M 5M", "write -z 9M 3M", "discard 14M 2M");
    List<byte[]> results = new ArrayList<>();
    for (int threads : new int[] {1, 2, 8, 8, 8}) {
      Path copy = bench.copy(source, "copy.qcow2");
      rewrite(copy, SMALL.withCompressionType(CompressionType.ZSTD).withParallelism(threads));
      results.add(Files.readAllBytes(copy));
      bench.qemu().assertCheckClean(copy);
    }
    assertThat(results).allMatch(result -> Arrays.equals(result, results.getFirst()));
  }

  @Test
  void aPreallocatedImageStaysPreallocatedAndTakesNoMoreRoom() throws IOException {
    Path image = bench.image("disk.qcow2", "preallocation=metadata", 1L << 30, "write -P 1 5M 1M");
    rewrite(image, RewriteRequest.SAME.withClusterBits(18));

    bench.qemu().assertCheckClean(image);
    assertThat(bench.qemu().mapJson(image)).doesNotContain("\"data\": false");
    assertThat(VOLUME.status(image).allocatedBytes()).isLessThan(8 << 20);
  }

  @Test
  void othersAreKeptOutUntilTheNewFileIsThere() throws IOException {
    Path image = bench.image("disk.qcow2", "", 4 << 20, "write -P 7 0 2M");
    AtomicReference<Throwable> reading = new AtomicReference<>();
    JobControl control =
        JobControl.reportingTo((done, total) -> reading.set(catchThrowable(() -> touch(image))));
    try (Qcow2Image disk = open(image, true)) {
      ImageRewrite.run(VOLUME, disk, SMALL, control);

      assertThat(reading.get()).isInstanceOf(ImageInUseException.class);
      touch(image);
    }
    bench.qemu().assertCheckClean(image);
  }

  private void touch(Path image) throws IOException {
    try (Qcow2Image disk = open(image, true)) {
      disk.write(0, ByteBuffer.wrap(new byte[] {1}));
    }
  }

  @Test
  void permissionsAndSymbolicLinksStayAndOtherHardLinksKeepTheOldContent() throws IOException {
    Path image = bench.image("disk.qcow2", "", 1 << 20, "write -P 7 0 1M");
    Files.setPosixFilePermissions(image, PosixFilePermissions.fromString("rw-r-----"));
    Path symbolic = Files.createSymbolicLink(bench.path("symbolic"), Path.of("disk.qcow2"));
    Path hard = Files.createLink(bench.path("hard"), image);
    byte[] before = Files.readAllBytes(image);
    rewrite(symbolic, SMALL);

    assertThat(Files.readSymbolicLink(symbolic)).isEqualTo(Path.of("disk.qcow2"));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(image)))
        .isEqualTo("rw-r-----");
    assertThat(Files.readAllBytes(hard)).isEqualTo(before);
    try (Qcow2Image disk = open(image, false)) {
      assertThat(disk.header().clusterBits()).isEqualTo(12);
    }
  }

  @Test
  void aCancelledJobLeavesTheImageOpenUsableAndAlone() throws IOException {
    Path image = bench.image("disk.qcow2", "", 4 << 20, "write -P 7 0 4M");
    byte[] before = Files.readAllBytes(image);
    AtomicReference<JobControl> control = new AtomicReference<>();
    control.set(
        JobControl.reportingTo((done, total) -> {
          if (done > 0) {
            control.get().cancel();
          }
        }));
    try (Qcow2Image disk = open(image, true)) {
      assertThatThrownBy(() -> ImageRewrite.run(VOLUME, disk, SMALL, control.get()))
          .isInstanceOf(JobCancelledException.class);
      assertThat(Files.readAllBytes(image)).isEqualTo(before);
      assertThat(names()).containsExactly("disk.qcow2");
      disk.write(0, ByteBuffer.wrap(new byte[] {1}));
    }
    bench.qemu().assertCheckClean(image);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aFileThatTookTheNameMeanwhileIsNotReplaced() throws IOException {
    Path image = bench.image("disk.qcow2", "", 1 << 20, "write -P 7 0 1M");
    Path other = bench.file("other", new byte[] {1, 2, 3});
    JobControl control =
        JobControl.reportingTo((done, total) -> {
          if (Files.exists(other)) {
            try {
              Files.move(other, image, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        });
    try (Qcow2Image disk = open(image, true)) {
      assertThatThrownBy(() -> ImageRewrite.run(VOLUME, disk, SMALL, control))
          .hasMessageContaining("Another program has put another file in its place");
    }
    assertThat(Files.readAllBytes(image)).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "snapshot | An image with internal snapshots cannot be rewritten",
        "data file | An image with an external data file cannot be rewritten",
        "bitmap | Cannot copy inconsistent bitmap 'b'",
      })
  void whatCannotBeCarriedOverIsRefusedByNameAndNothingIsChanged(String what, String message)
      throws IOException {
    Path image =
        what.equals("data file")
            ? bench.image("disk.qcow2", "data_file=" + bench.path("data"), 1 << 20)
            : bench.image("disk.qcow2", "", 1 << 20, "write -P 7 0 64k");
    switch (what) {
      case "snapshot" -> bench.snapshot(image, "s");
      case "bitmap" -> {
        bench.qemu().img("bitmap", "--add", image.toString(), "b").orFail();
        long directoryOffset;
        try (Qcow2Image disk = open(image, false)) {
          directoryOffset = disk.header().extensions().bitmaps().directoryOffset();
        }
        long flags = directoryOffset + Bitmap.FLAGS_OFFSET;
        bench.operate(
            image,
            surgeon -> surgeon.setNumber(flags, 4, Bitmap.FLAG_IN_USE | surgeon.number(flags, 4)));
      }
      default -> {}
    }
    byte[] before = Files.readAllBytes(image);
    try (Qcow2Image disk = open(image, true)) {
      assertThatThrownBy(() -> ImageRewrite.run(VOLUME, disk, SMALL, new JobControl()))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessage(message);
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }

  @Test
  void whatDoesNotGoTogetherIsRefusedBeforeAnythingIsDone() throws IOException {
    Path image = bench.image("disk.qcow2", "", 1 << 20, "write -P 7 0 64k");
    AmendRequest old = AmendRequest.NOTHING.withVersion(2);
    for (RewriteRequest request :
        List.of(
            RewriteRequest.SAME.withExtendedL2(true).withClusterBits(13),
            RewriteRequest.SAME.withExtendedL2(true).with(old),
            RewriteRequest.SAME.withCompressionType(CompressionType.ZSTD).with(old),
            SMALL.with(old.withRefcountOrder(3)))) {
      try (Qcow2Image disk = open(image, true)) {
        JobControl control = new JobControl();
        assertThatThrownBy(() -> ImageRewrite.run(VOLUME, disk, request, control))
            .isInstanceOf(UnsupportedFeatureException.class);
        assertThat(control.totalUnits()).isZero();
      }
    }
  }

  @Test
  void changesThatNeedEachOtherAreMadeAtOnceWhateverTheirOrder() throws IOException {
    bench.image("base.qcow2", "", 1 << 20, "write -P 9 0 1M");
    Path image =
        bench.overlay(
            "disk.qcow2",
            "compression_type=zstd,extended_l2=on,refcount_bits=64",
            "base.qcow2",
            "write -P 1 64k 64k",
            "write -c -P 2 128k 64k",
            "write -z 256k 10k");
    Path raw = bench.path("before.raw");
    bench.qemu().convertToRaw(image, raw);
    rewrite(
        image,
        RewriteRequest.SAME
            .withCompressionType(CompressionType.ZLIB)
            .withExtendedL2(false)
            .withClusterBits(14)
            .with(AmendRequest.NOTHING.withVersion(2).withRefcountOrder(4)));

    bench.qemu().assertCheckClean(image);
    try (Qcow2Image disk = open(image, false)) {
      assertThat(disk.header().version()).isEqualTo(2);
      assertThat(disk.header().backingFileName()).isEqualTo("base.qcow2");
      assertThat(read(disk)).isEqualTo(Files.readAllBytes(raw));
    }
    rewrite(
        image,
        RewriteRequest.SAME
            .withCompressionType(CompressionType.ZSTD)
            .withExtendedL2(true)
            .with(
                AmendRequest.NOTHING
                    .withVersion(3)
                    .withRefcountOrder(0)
                    .withLazyRefcounts(true)
                    .withSize(3 << 20)));

    bench.qemu().assertCheckClean(image);
    try (Qcow2Image disk = open(image, false)) {
      assertThat(disk.header().refcountBits()).isEqualTo(1);
      assertThat(disk.header().has(Feature.LAZY_REFCOUNTS)).isTrue();
      assertThat(disk.virtualSize()).isEqualTo(3 << 20);
      assertThat(read(disk)).isEqualTo(Arrays.copyOf(Files.readAllBytes(raw), 3 << 20));
    }
  }

  @Test
  void marksOfWritesThatWaitInMemoryAreCarriedOver() throws IOException {
    Path image = bench.image("disk.qcow2", "", 1 << 20);
    bench.qemu().img("bitmap", "--add", "-g", "64k", image.toString(), "b").orFail();
    try (Qcow2Image disk = open(image, true)) {
      disk.write(200_000, ByteBuffer.wrap(new byte[] {1}));
      ImageRewrite.run(VOLUME, disk, SMALL, new JobControl());
    }
    try (Qcow2Image disk = open(image, false)) {
      Bitmap bitmap = disk.bitmaps().getFirst();
      DirtyBits marks = disk.loadBitmap(bitmap);
      assertThat(bitmap.auto()).isTrue();
      assertThat(bitmap.granularityBytes()).isEqualTo(65536);
      for (int chunk = 0; chunk < 16; chunk++) {
        assertThat(marks.get(chunk * 65536L)).isEqualTo(chunk == 3);
      }
    }
  }

  private void rewrite(Path image, RewriteRequest request) throws IOException {
    try (Qcow2Image disk = open(image, true)) {
      ImageRewrite.run(VOLUME, disk, request, new JobControl());
    }
  }

  private static byte[] read(DiskImage disk) throws IOException {
    ByteBuffer content = ByteBuffer.allocate((int) disk.virtualSize());
    disk.read(0, content);
    return content.array();
  }

  private static Qcow2Image open(Path image, boolean writing) throws IOException {
    return (Qcow2Image)
        DiskImages.open(
            VOLUME, image, ReferencePolicy.allow(), writing ? QCOW2.withWriting() : QCOW2);
  }
}
