package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static io.github.qcow4j.qcow2.Disks.VOLUME;
import static io.github.qcow4j.qcow2.Disks.contentByQemu;
import static io.github.qcow4j.qcow2.Disks.contentOf;
import static io.github.qcow4j.qcow2.Disks.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.SpecialImages;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers that ask for something, that hold something unknown, or that look odd and are sound. */
class UnusualHeaderTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({"luks, LUKS encryption", "aes, AES encryption"})
  void encryptedImagesAreShownAndRefusedForReadingByName(String special, String feature)
      throws IOException {
    Path image = special(special);

    assertThatThrownBy(() -> open(image))
        .isInstanceOfSatisfying(
            UnsupportedFeatureException.class, e -> assertThat(e.feature()).isEqualTo(feature));
    assertThat(headerOf(image).cryptMethod()).isNotEqualTo(Qcow2Header.CRYPT_NONE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "unknown-incompatible-bit | Unknown incompatible feature: 100000",
        "named-incompatible-bit | time travel",
        "name-without-padding | time travel",
        "two-unknown-incompatible-bits | time travel, Unknown incompatible feature: 800000000",
        "name-of-46-bytes | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      })
  void unknownFeaturesAreRefusedByTheNamesThatTheImageGivesThem(String special, String names) {
    Path image = special(special);

    assertThatThrownBy(() -> headerOf(image))
        .isInstanceOfSatisfying(
            UnsupportedFeatureException.class, e -> assertThat(e.feature()).isEqualTo(names))
        .hasMessage("Unsupported qcow2 feature(s): " + names);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dirty-bit",
        "corrupt-bit",
        "lazy-refcounts-after-a-kill",
        "unknown-compatible-bit",
        "unknown-autoclear-bit",
        "no-feature-name-table",
        "unknown-extensions",
        "no-end-marker",
        "header-104",
        "header-152",
        "header-length-not-multiple-of-8",
        "size-not-multiple-of-512",
        "oversized-l1",
        "version-2-plain",
        "virtual-size-zero"
      })
  void whatNeedNotBeUnderstoodDoesNotKeepFromReading(String special) throws IOException {
    Path image = special(special);

    assertThat(contentOf(image)).isEqualTo(contentByQemu(image));
  }

  @Test
  void theDirtyAndTheCorruptBitAreSeen() throws IOException {
    assertThat(headerOf(special("dirty-bit")).has(Feature.DIRTY)).isTrue();
    assertThat(headerOf(special("corrupt-bit")).has(Feature.CORRUPT)).isTrue();
  }

  @Test
  void unknownExtensionsAndHeaderFieldsAreKeptByteForByte() throws IOException {
    Path extended = special("unknown-extensions");
    Path longer = special("header-152");

    assertThat(headerOf(extended).extensions().unknown())
        .extracting(unknown -> unknown.data().toByteArray())
        .containsExactly(Workbench.randomBytes(13, 1), new byte[0]);
    assertThat(headerOf(longer).unknownTail().toByteArray())
        .isEqualTo(Workbench.randomBytes(40, 3));
  }

  @Test
  void aHeaderLongerThanTheWayToTheBackingNameIsRead() throws IOException {
    Workbench bench = Workbench.in(directory);
    bench.image("base.qcow2", "", 1 << 20, "write -P 66 0 1M");
    Path image = bench.overlay("top.qcow2", "", "base.qcow2");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          surgeon.extensions().rewrite();
          surgeon.set(HeaderField.HEADER_LENGTH, 60_000);
        });

    assertThatThrownBy(() -> open(image)).hasMessageContaining("states no format");
    try (DiskImage disk = open(image, ReferencePolicy.allowAndProbe())) {
      assertThat(contentOf(disk)).containsOnly(66);
    }
    assertThat(headerOf(image).unknownTail().length()).isEqualTo(60_000 - 112);
  }

  @Test
  void theFirstVersionOfTheFormatIsNotTakenForARawDisk() {
    Path image =
        Workbench.in(directory)
            .file("old", Arrays.copyOf(new byte[] {'Q', 'F', 'I', (byte) 0xfb, 0, 0, 0, 1}, 4096));

    assertThatThrownBy(
            () -> DiskImages.open(VOLUME, image, ReferencePolicy.deny(), ImageOptions.probing()))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessage("Unsupported qcow2 version 1");
  }

  @ParameterizedTest
  @CsvSource({
    "MAGIC, 0x51464900, Image is not in qcow2 format",
    "CLUSTER_BITS, 8, Unsupported cluster size: 2^8",
    "CLUSTER_BITS, 22, Unsupported cluster size: 2^22",
    "CLUSTER_BITS, 0xffffffff, Unsupported cluster size: 2^4294967295",
    "HEADER_LENGTH, 96, qcow2 header too short",
    "HEADER_LENGTH, 65537, qcow2 header exceeds cluster size",
    "BACKING_FILE_OFFSET, 65537, Invalid backing file offset",
    "REFCOUNT_ORDER, 7, Reference count entry width too large; may not exceed 64 bits",
    "REFCOUNT_TABLE_CLUSTERS, 0, Image does not contain a reference count table",
    "REFCOUNT_TABLE_OFFSET, 0x10200, Reference count table offset invalid",
    "SNAPSHOTS_OFFSET, 1, Snapshot table offset invalid",
    "L1_TABLE_OFFSET, 0x8000000000000000, Active L1 table offset invalid",
    "L1_SIZE, 0, L1 table is too small",
    "COMPRESSION_TYPE, 1, qcow2: Compression type incompatible feature bit must be set",
  })
  void afieldThatCannotBeRightIsCorruptInQemusWords(
      HeaderField field, String value, String message) {
    Workbench bench = Workbench.in(directory);
    Path image = bench.image("image.qcow2", "", 1 << 20);
    bench.operate(image, surgeon -> surgeon.set(field, Long.decode(value.replace("0x8", "-0x8"))));

    assertThatThrownBy(() -> headerOf(image))
        .isInstanceOf(CorruptImageException.class)
        .hasMessage(message);
    assertThat(bench.qemu().img("info", "-f", "qcow2", image.toString()).stderr())
        .contains(message);
  }

  private Path special(String name) {
    return SpecialImages.named(name).build(directory);
  }

  private static Qcow2Header headerOf(Path image) throws IOException {
    try (DiskImage disk =
        DiskImages.open(VOLUME, image, ReferencePolicy.deny(), QCOW2.withMetadataOnly())) {
      return ((Qcow2Image) disk).header();
    }
  }
}
