package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static io.github.qcow4j.qcow2.Disks.VOLUME;
import static io.github.qcow4j.qcow2.Disks.contentByQemu;
import static io.github.qcow4j.qcow2.Disks.contentOf;
import static io.github.qcow4j.qcow2.Disks.extentsOf;
import static io.github.qcow4j.qcow2.Disks.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertResult;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Three of eleven mistakes that programs around qcow2 have made: in flattening, in the copied flag,
 * and in judging a stranger's image. {@link ReadingDefectsTest} has the first seven, {@link
 * ReplacementDefectTest} the ninth.
 */
class JobDefectsTest {

  private static final int CS = 65_536;
  private static final int SIZE = 1 << 20;

  @TempDir private Path directory;
  private Workbench bench;

  @BeforeEach
  void prepare() {
    bench = Workbench.in(directory);
  }

  @Nested
  class Defect08FlatteningVisitsEveryClusterAndKeepsEveryTable {

    @Test
    void anEmptyDiskOf100TebibytesIsFlattenedWithoutReadingACluster() throws IOException {
      Path image = bench.image("empty.qcow2", "", 100L << 40);
      TappedVolume tapped = new TappedVolume(VOLUME);
      try (DiskImage disk = openTapped(tapped, image);
          CountingTarget target = new CountingTarget()) {
        ConvertResult result = convert(disk, target);

        assertThat(result.zeroBytes()).isEqualTo(100L << 40);
        assertThat(target.calls()).isZero();
      }
      long l1Bytes = (100L << 40) / (512L << 20) * 8;
      assertThat(tapped.bytesRead()).as("header and L1 table").isLessThan(l1Bytes + (1 << 20));
    }

    @Test
    void aTableIsReadOnceForAllItsClusters() throws IOException {
      Path image = bench.image("full.qcow2", "cluster_size=4k,preallocation=metadata", 16 << 20);
      TappedVolume tapped = new TappedVolume(VOLUME);
      try (DiskImage disk = openTapped(tapped, image)) {
        for (int guestOffset = 0; guestOffset < disk.virtualSize(); guestOffset += 4096) {
          disk.read(guestOffset, ByteBuffer.allocate(512));
        }
      }
      long metadataReads =
          tapped.calls().stream().filter(call -> call.reads() && call.lengthBytes() != 512).count();

      assertThat(metadataReads)
          .as("a header, an L1 table and eight L2 tables, for 4096 clusters")
          .isLessThanOrEqualTo(12);
    }

    @Test
    void tablesAreHeldWithinABudgetHoweverManyThereAre() throws IOException {
      Path image = bench.image("full.qcow2", "cluster_size=4k,preallocation=metadata", 64 << 20);
      int budgetBytes = 64 << 10;
      ImageOptions small = QCOW2.withL2CacheBytes(budgetBytes);
      TappedVolume tapped = new TappedVolume(VOLUME);
      try (DiskImage disk =
          DiskImages.open(tapped.volume(), image, ReferencePolicy.deny(), small)) {
        extentsOf(disk);
        tapped.forget();
        extentsOf(disk);

        assertThat(tapped.bytesRead())
            .as("of 32 tables at most 16 were still there")
            .isGreaterThanOrEqualTo(16 * 4096);
      }
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "4, 3", "6, 9"})
    void aNewImageHasRefcountTableEnoughForItsSmallClustersAndItsLargeDisk(
        int refcountOrder, long tableClusters) throws IOException {
      Path image = bench.path("new.qcow2");
      ImageSpec spec =
          new ImageSpec(
              64L << 30, 3, 9, refcountOrder, CompressionType.ZLIB, false, false, null, null);

      ImageCreation.create(VOLUME, image, spec);

      try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
        assertThat(surgeon.get(HeaderField.REFCOUNT_TABLE_CLUSTERS))
            .as("16 MiB of L1 table need many refcount blocks")
            .isEqualTo(tableClusters);
      }
      bench.qemu().assertCheckClean(image);
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 2 << 20})
    void smallClustersAndLargeDisksFlattenRight(int clusterSize) throws IOException {
      bench.file("data", Workbench.randomBytes(100_003, 1));
      Path image =
          bench.image(
              "large.qcow2",
              "cluster_size=" + clusterSize,
              4L << 30,
              "write -s data 1000 100003",
              "write -P 5 4294963200 4096");
      Path ours = bench.path("ours.raw");
      Path theirs = bench.path("theirs.raw");
      bench.qemu().convertToRaw(image, theirs);

      flatten(VOLUME, image, ours, new JobControl());

      assertThat(bench.qemu().rawFilesEqual(ours, theirs)).isTrue();
    }
  }

  @Nested
  class Defect10CopiedFlagNotKept {

    @Test
    void theCopiedFlagDecidesNothingForAReader() throws IOException {
      bench.file("data", Workbench.randomBytes(SIZE, 1));
      Path image = bench.image("image.qcow2", "", SIZE, "write -s data 0 768k");
      bench.qemu().img("snapshot", "-c", "s", image.toString()).orFail();
      bench.write(image, "write -P 7 64k 64k");
      byte[] before = contentByQemu(image);

      bench.operate(image, JobDefectsTest::turnCopiedFlags);

      assertThat(bench.qemu().img("check", image.toString()).exitCode()).isEqualTo(2);
      assertThat(contentOf(image)).isEqualTo(before);
    }

    @Test
    void whatWeWriteHasTheCopiedFlagWhereTheRefcountIsOneAndNowhereElse() throws IOException {
      Path image = bench.image("image.qcow2", "", SIZE, "write -P 1 0 512k");
      bench.snapshot(image, "s");
      try (DiskImage disk =
          DiskImages.open(VOLUME, image, ReferencePolicy.deny(), QCOW2.withWriting())) {
        disk.write(CS + 1000, ByteBuffer.wrap(Workbench.randomBytes(3 * CS, 1)));
        disk.write(10 * CS, ByteBuffer.wrap(Workbench.randomBytes(CS, 2)));
      }

      bench.qemu().assertCheckClean(image);
    }
  }

  private static void turnCopiedFlags(ImageSurgeon surgeon) {
    for (long guestOffset = 0; guestOffset < 12 * CS; guestOffset += CS) {
      surgeon.setL2Entry(guestOffset, surgeon.l2Entry(guestOffset) ^ ImageSurgeon.COPIED);
    }
    surgeon.setL1Entry(0, surgeon.l1Entry(0) ^ ImageSurgeon.COPIED);
  }

  @Nested
  class Defect11AnImageThatCannotBeJudgedPasses {

    @Test
    void aHeaderThatCannotBeReadIsAFailureOfTheStorageAndNothingElse() {
      Path image = bench.image("image.qcow2", "", SIZE);
      TappedVolume failing =
          new TappedVolume(
              VOLUME,
              call -> {
                if (call.reads()) {
                  throw Errno.EIO.exception("pread", image.toString());
                }
              });
      for (ImageOptions options : List.of(QCOW2.withMetadataOnly(), ImageOptions.probing())) {
        Throwable refusal =
            catchThrowable(
                () -> DiskImages.open(failing.volume(), image, ReferencePolicy.deny(), options));

        assertThat(refusal)
            .isInstanceOf(IOException.class)
            .isNotInstanceOf(ImageException.class)
            .hasMessageContaining("Input/output error");
      }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 8, 71, 100})
    void aHeaderCutShortIsCorruptAndNothingElse(int lengthBytes) {
      Path image = bench.image("image.qcow2", "", SIZE);
      bench.operate(image, surgeon -> surgeon.truncate(lengthBytes));

      assertThatThrownBy(() ->
              DiskImages.open(VOLUME, image, ReferencePolicy.deny(), QCOW2.withMetadataOnly()))
          .isInstanceOf(CorruptImageException.class);
    }

    @Test
    void aDataFileIsSeenAndDeniedLikeABackingFile() throws IOException {
      Path image =
          bench.image("image.qcow2", "data_file=" + bench.path("guest.data"), SIZE, "write 0 64k");

      try (DiskImage disk =
          DiskImages.open(VOLUME, image, ReferencePolicy.deny(), QCOW2.withMetadataOnly())) {
        assertThat(((Qcow2Image) disk).header().has(Feature.EXTERNAL_DATA_FILE)).isTrue();
        assertThat(((Qcow2Image) disk).header().extensions().dataFileName())
            .isEqualTo(bench.path("guest.data").toString());
      }
      Throwable refusal = catchThrowable(() -> open(image, ReferencePolicy.deny()));
      assertThat(refusal).isInstanceOf(ReferenceDeniedException.class);
      assertThat(((ReferenceTrail) refusal.getSuppressed()[0]).role())
          .isEqualTo(ReferenceTrail.Role.DATA_FILE);
    }
  }

  private static DiskImage openTapped(TappedVolume tapped, Path image) throws IOException {
    return DiskImages.open(tapped.volume(), image, ReferencePolicy.allow(), QCOW2);
  }

  private static void flatten(Volume volume, Path image, Path to, JobControl control)
      throws IOException {
    try (DiskImage disk = DiskImages.open(volume, image, ReferencePolicy.allow(), QCOW2);
        ConvertTarget target = RawTargets.create(volume, to, disk.virtualSize())) {
      Conversion.run(
          List.of(disk), target, ConvertOptions.DEFAULT, control, (offset, length, cause) -> {});
    }
  }

  private static ConvertResult convert(DiskImage disk, ConvertTarget target) throws IOException {
    return Conversion.run(
        List.of(disk),
        target,
        ConvertOptions.DEFAULT,
        new JobControl(),
        (offset, length, cause) -> {});
  }
}
