package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.contentByQemu;
import static io.github.qcow4j.qcow2.Disks.contentOf;
import static io.github.qcow4j.qcow2.Disks.extentAt;
import static io.github.qcow4j.qcow2.Disks.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.SpecialImages;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The first seven of eleven mistakes that readers of qcow2 have made, each of which gave users
 * wrong data or attackers a way in. {@link JobDefectsTest} has the others.
 */
class ReadingDefectsTest {

  private static final int CS = 65_536;
  private static final int SIZE = 1 << 20;

  @TempDir private Path directory;
  private Workbench bench;

  @BeforeEach
  void prepare() {
    bench = Workbench.in(directory);
  }

  @Nested
  class Defect01ZeroClustersTakenForUnallocated {

    @Test
    void zeroClustersOfBothKindsHideTheParentAndTheirOwnStaleBytes() throws IOException {
      bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
      Path top =
          bench.overlay(
              "top.qcow2",
              "",
              "base.qcow2",
              "write -P 1 64k 64k",
              "write -z 0 64k",
              "write -z 64k 64k");
      try (ImageSurgeon surgeon = ImageSurgeon.open(top)) {
        assertThat(surgeon.l2Entry(0)).as("zero, without a place").isEqualTo(1);
        long preallocated = surgeon.l2Entry(CS);
        assertThat(preallocated & 1).as("zero").isOne();
        assertThat(surgeon.read(surgeon.clusterOffset(CS), CS)).as("stale").containsOnly(1);
      }
      try (DiskImage disk = open(top)) {
        byte[] content = contentOf(disk);
        assertThat(Arrays.copyOf(content, 2 * CS)).containsOnly(0);
        assertThat(Arrays.copyOfRange(content, 2 * CS, SIZE)).containsOnly(66);
        assertThat(extentAt(disk, 0)).isEqualTo(new Extent(0, 1, 0, Extent.Kind.ZERO, -1));
        assertThat(extentAt(disk, CS).kind()).isEqualTo(Extent.Kind.ZERO);
        assertThat(content).isEqualTo(contentByQemu(top));
      }
    }

    @Test
    void dataThatTheGuestDiscardedDoesNotComeBack() throws IOException {
      bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
      Path top =
          bench.overlay("top.qcow2", "", "base.qcow2", "write -P 1 0 128k", "discard 64k 64k");

      assertThat(Arrays.copyOfRange(contentOf(top), CS, 2 * CS)).containsOnly(0);
    }
  }

  @Nested
  class Defect02ClusterSizeOfTheTopLayerUsedForAllLayers {

    @ParameterizedTest
    @CsvSource({"512, 2M, 64k", "2M, 512, 4k", "64k, 4k, 2M"})
    void eachLayerIsReadWithItsOwnClusterSize(String base, String middle, String top)
        throws IOException {
      bench.file("data", Workbench.randomBytes(700_001, 1));
      bench.image("base.qcow2", "cluster_size=" + base, SIZE, "write -s data 777 700001");
      bench.overlay("middle.qcow2", "cluster_size=" + middle, "base.qcow2", "write -P 2 300k 5000");
      Path image =
          bench.overlay("top.qcow2", "cluster_size=" + top, "middle.qcow2", "write -P 3 301k 700");

      assertThat(contentOf(image)).isEqualTo(contentByQemu(image));
    }
  }

  @Nested
  class Defect03FeaturesVersionAndEncryptionNotLookedAt {

    @ParameterizedTest
    @ValueSource(strings = {"extended_l2=on", "compression_type=zstd", "data_file=guest.data"})
    void whatAnIncompatibleFeatureChangesIsReadAsTheFeatureSays(String option) throws IOException {
      bench.file("data", Workbench.halfRandomBytes(200_000, 1));
      String write = option.startsWith("compression") ? "write -c -s data" : "write -s data";
      String options = option.replace("guest.data", bench.path("guest.data").toString());
      Path image =
          bench.image("image.qcow2", options, SIZE, write + " 64k 192k", "write -z 80k 3k");

      assertThat(contentOf(image)).isEqualTo(contentByQemu(image));
    }

    @ParameterizedTest
    @ValueSource(strings = {"unknown-incompatible-bit", "luks", "aes"})
    void whatIsNotSupportedIsRefusedBeforeAnyTableIsLookedAt(String special) {
      Path image = SpecialImages.named(special).build(directory);
      ImageSurgeon.operate(image, surgeon -> surgeon.truncate(CS));

      assertThatThrownBy(() -> open(image)).isInstanceOf(UnsupportedFeatureException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 0x7fff_ffff})
    void otherVersionsAreRefusedByNumber(int version) {
      Path image = bench.image("image.qcow2", "", SIZE);
      bench.operate(image, surgeon -> surgeon.set(HeaderField.VERSION, version));

      assertThatThrownBy(() -> open(image))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessage("Unsupported qcow2 version " + version);
    }
  }

  @Nested
  class Defect04CompressedClustersUnsupported {

    @ParameterizedTest
    @CsvSource({"zlib, 512", "zlib, 64k", "zstd, 64k", "zstd, 2M"})
    void aCompressedBaseIsReadThroughAnOverlay(String codec, String clusterSize)
        throws IOException {
      bench.file("data", Workbench.halfRandomBytes(600_000, 1));
      String options = "compression_type=" + codec + ",cluster_size=" + clusterSize;
      bench.image("base.qcow2", options, SIZE, "write -c -s data 0 1M");
      Path top = bench.overlay("top.qcow2", "", "base.qcow2", "write -P 1 100k 3k");

      try (DiskImage disk = open(top)) {
        assertThat(extentAt(disk, 0).kind()).isEqualTo(Extent.Kind.COMPRESSED);
        assertThat(contentOf(disk)).isEqualTo(contentByQemu(top));
      }
    }
  }

  @Nested
  class Defect05BackingNamesTakenAgainstTheWorkingDirectory {

    @Test
    void aRelativeChainIsReadFromAnywhereAlsoAfterItWasMoved() throws IOException {
      bench.file("home/layers/note", new byte[0]);
      bench.image("home/layers/base.qcow2", "", SIZE, "write -P 66 0 1M");
      bench.overlay("home/layers/middle.qcow2", "", "base.qcow2", "write -P 2 64k 64k");
      Path top = bench.overlay("home/top.qcow2", "", "layers/middle.qcow2", "write -P 3 0 64k");
      byte[] before = contentOf(top);
      Path moved = Files.move(bench.path("home"), bench.path("moved"));

      byte[] after = contentOf(moved.resolve("top.qcow2"));

      assertThat(after).isEqualTo(before).startsWith(new byte[] {3, 3, 3});
      assertThat(after[CS]).isEqualTo((byte) 2);
      assertThat(after[2 * CS]).isEqualTo((byte) 66);
    }
  }

  @Nested
  class Defect06ChainsCutShortOrGuessed {

    @Test
    void aChainOfTwelveHasTwelveLayers() throws IOException {
      try (DiskImage disk = open(chain(12))) {
        assertThat(disk.layers()).hasSize(12);
        assertThat(contentOf(disk)).startsWith(new byte[] {66, 66, 66});
      }
    }

    @Test
    void aLayerMissingFarBelowIsAnErrorThatTellsTheWay() throws IOException {
      Path top = chain(12);
      Files.delete(bench.path("layer-1.qcow2"));

      Throwable refusal = catchThrowable(() -> open(top));

      assertThat(refusal).isInstanceOf(NoSuchFileException.class);
      assertThat(refusal.getSuppressed())
          .hasSize(11)
          .allSatisfy(trail -> assertThat(trail).isInstanceOf(ReferenceTrail.class));
      assertThat(((ReferenceTrail) refusal.getSuppressed()[0]).namingImage())
          .isEqualTo(bench.path("layer-2.qcow2"));
    }

    @Test
    void aQuestionAboutAParentThatFailsIsNotTheAnswerThatThereIsNone() throws IOException {
      Path top = chain(3);
      bench.operate(top, surgeon -> surgeon.extensions().setBackingName("layer-2.qcow2/inside"));

      assertThatThrownBy(() -> open(top))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(ImageException.class)
          .hasMessageContaining("Not a directory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"loop-of-1", "loop-of-2", "loop-of-3", "loop-behind-an-overlay"})
    void aLoopIsRefused(String special) {
      Path image = SpecialImages.named(special).build(directory);

      assertThatThrownBy(() -> open(image))
          .isInstanceOf(CorruptImageException.class)
          .hasMessageContaining("creates an infinite loop.");
    }

    @Test
    void aRawParentThatLooksLikeQcow2StaysRaw() throws IOException {
      Path top = SpecialImages.named("raw-parent-with-qcow2-magic").build(directory);

      try (DiskImage disk = open(top)) {
        assertThat(disk.layers().getLast().format()).isEqualTo(ImageFormat.RAW);
        assertThat(contentOf(disk)).startsWith(new byte[] {'Q', 'F', 'I', (byte) 0xfb});
        assertThat(contentOf(disk)).isEqualTo(contentByQemu(top));
      }
    }

    @Test
    void aParentWithoutStatedFormatIsNotGuessedUnlessTheCallerSaysSo() throws IOException {
      Path top = SpecialImages.named("parent-without-stored-format").build(directory);

      assertThatThrownBy(() -> open(top)).isInstanceOf(UnsupportedFeatureException.class);
      try (DiskImage disk = open(top, ReferencePolicy.allowAndProbe())) {
        assertThat(disk.layers().getLast().format()).isEqualTo(ImageFormat.QCOW2);
      }
    }

    private Path chain(int layers) {
      bench.image("layer-1.qcow2", "", SIZE, "write -P 66 0 1M");
      for (int i = 2; i <= layers; i++) {
        bench.overlay("layer-" + i + ".qcow2", "", "layer-" + (i - 1) + ".qcow2");
      }
      return bench.path("layer-" + layers + ".qcow2");
    }
  }

  @Nested
  class Defect07SizesInTheHeaderTrusted {

    @ParameterizedTest
    @CsvSource({
      "L1_SIZE, 0x7fffffff, true",
      "L1_SIZE, 0xffffffff, true",
      "L1_SIZE, 0x400000, false",
      "BACKING_FILE_SIZE, 0xffffffff, true",
      "BACKING_FILE_SIZE, 1024, true",
      "REFCOUNT_TABLE_CLUSTERS, 0xffffffff, true",
      "NB_SNAPSHOTS, 0xffffffff, true"
    })
    void aSizeThatTheFileDoesNotBearOutTakesNoMemory(
        HeaderField field, String value, boolean overALimit) {
      bench.image("base.qcow2", "", SIZE);
      Path image = bench.overlay("image.qcow2", "", "base.qcow2", "write -P 1 0 64k");
      bench.operate(image, surgeon -> surgeon.set(field, Long.decode(value)));

      assertRefusedWithoutMemory(
          image, overALimit ? LimitExceededException.class : CorruptImageException.class);
    }

    @ParameterizedTest
    @CsvSource({"8, 0x3fffff8", "8, 0x7fffffffffffffff", "0, 0xffffffff"})
    void aBitmapDirectoryThatTheFileDoesNotBearOutTakesNoMemory(int at, String value) {
      Path image = bench.image("image.qcow2", "", SIZE);
      bench.qemu().img("bitmap", "--add", image.toString(), "b").orFail();
      bench.operate(
          image,
          surgeon -> {
            long extension = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
            surgeon.setNumber(extension + at, at == 0 ? 4 : 8, Long.decode(value));
          });

      assertRefusedWithoutMemory(image, ImageException.class);
    }

    private void assertRefusedWithoutMemory(Path image, Class<? extends Exception> kind) {
      assertThatThrownBy(() -> readFirstSector(image)).isInstanceOf(kind);

      // Once more, now that all classes are loaded.
      assertThat(Disks.allocatedBytes(() -> readFirstSector(image))).isLessThan(1 << 20);
    }

    private void readFirstSector(Path image) throws IOException {
      try (DiskImage disk = open(image)) {
        disk.read(0, java.nio.ByteBuffer.allocate(512));
      }
    }
  }
}
