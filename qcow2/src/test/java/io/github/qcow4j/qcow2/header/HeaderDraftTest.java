package io.github.qcow4j.qcow2.header;

import static io.github.qcow4j.qcow2.header.HeaderSamples.plain;
import static io.github.qcow4j.qcow2.header.HeaderSamples.sized;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderExtensions.UnknownExtension;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** Headers in the making, and the sums that a header is asked for. */
class HeaderDraftTest {

  private static final UnknownExtension UNKNOWN =
      new UnknownExtension(0x77, UnknownBytes.of(new byte[] {1}));

  @Test
  void aCopyOfAHeaderIsTheHeader() {
    Qcow2Header header =
        HeaderSamples.with(
            plain().backing("b", "raw").snapshots(3, 99).dataFileName("d"),
            UnknownBytes.of(new byte[] {5, 6}),
            null,
            UNKNOWN);
    assertThat(HeaderDraft.of(header).header()).isEqualTo(header);
    assertThat(header.withSnapshotCount(7).snapshotCount()).isEqualTo(7);
    assertThat(header.withSnapshotCount(3)).isEqualTo(header);
  }

  @Test
  void version2HasNoPlaceForMuch() {
    HeaderDraft draft =
        plain()
            .feature(Feature.DIRTY, true)
            .feature(Feature.LAZY_REFCOUNTS, true)
            .bitmaps(new BitmapsExtension(1, 32, 0))
            .refcountOrder(6);
    Qcow2Header header = draft.version(2).header();
    assertThat(header.version()).isEqualTo(2);
    assertThat(header.headerLength()).isEqualTo(72);
    assertThat(header.incompatibleFeatures()).isZero();
    assertThat(header.compatibleFeatures()).isZero();
    assertThat(header.autoclearFeatures()).isZero();
    assertThat(header.refcountOrder()).isEqualTo(4);
    assertThat(header.extensions().bitmaps()).isNull();
    assertThat(header.unknownTail()).isEqualTo(UnknownBytes.NONE);
    assertThat(sized(2, 16).version(3).header().headerLength()).isEqualTo(112);
    assertThat(plain().refcountOrder(6).version(3).header().refcountOrder()).isEqualTo(6);
    HeaderDraft zstd = HeaderDraft.fresh(3, 16, 4, CompressionType.ZSTD);
    assertThat(zstd.header().has(Feature.COMPRESSION_TYPE)).isTrue();
    assertThat(zstd.version(2).header().compressionType()).isEqualTo(CompressionType.ZLIB);
  }

  @Test
  void eachFeatureIsABitOfItsOwnWord() {
    for (Feature feature : Feature.values()) {
      Qcow2Header with = plain().feature(feature, true).header();
      assertThat(with.has(feature)).isTrue();
      assertThat(with.incompatibleFeatures() + with.compatibleFeatures() + with.autoclearFeatures())
          .isEqualTo(1L << feature.bit());
      assertThat(HeaderDraft.of(with).feature(feature, false).header().has(feature)).isFalse();
      assertThat(Feature.of(feature.group(), feature.bit())).hasValue(feature);
    }
    assertThat(Feature.of(Feature.Group.INCOMPATIBLE, 5)).isEmpty();
    assertThat(Feature.of(Feature.Group.COMPATIBLE, 1)).isEmpty();
    assertThat(Feature.knownMask(Feature.Group.INCOMPATIBLE)).isEqualTo(31);
    assertThat(Feature.knownMask(Feature.Group.COMPATIBLE)).isEqualTo(1);
    assertThat(Feature.knownMask(Feature.Group.AUTOCLEAR)).isEqualTo(3);
    assertThat(Feature.Group.AUTOCLEAR.code()).isEqualTo(2);
  }

  @Test
  void bitmapsAreVouchedForWhileThereAreSome() {
    HeaderDraft draft = plain().bitmaps(new BitmapsExtension(1, 32, 0));
    assertThat(draft.header().has(Feature.BITMAPS)).isTrue();
    assertThat(draft.bitmaps(null).header().has(Feature.BITMAPS)).isFalse();
    assertThat(draft.header().extensions().bitmaps()).isNull();
  }

  @Test
  void whatNobodyUnderstandsIsCarriedOver() {
    Qcow2Header plain = plain().feature(Feature.LAZY_REFCOUNTS, true).header();
    Qcow2Header other = HeaderSamples.with(plain(), UnknownBytes.of(new byte[] {9}), null, UNKNOWN);
    Qcow2Header carried = HeaderDraft.of(plain).carryingUnknown(other).header();
    assertThat(carried.unknownTail()).isEqualTo(UnknownBytes.of(new byte[] {9}));
    assertThat(carried.extensions().unknown()).containsExactly(UNKNOWN);
    Qcow2Header second = sized(2, 16).carryingUnknown(other).header();
    assertThat(second.unknownTail()).isEqualTo(UnknownBytes.NONE);
    assertThat(second.extensions().unknown()).containsExactly(UNKNOWN);
  }

  @Test
  void compatibleBitsOfOthersAreCarriedOverAndOurOwnAreNot() throws IOException {
    ByteBuffer bytes = HeaderSamples.bytes(plain());
    bytes.putLong(80, 0x8001);
    Qcow2Header other = HeaderSamples.parse(bytes);
    assertThat(plain().carryingUnknown(other).header().compatibleFeatures()).isEqualTo(0x8000);
    assertThat(sized(2, 16).carryingUnknown(other).header().compatibleFeatures()).isZero();
  }

  @Test
  void autoclearBitsOfOthersGoBeforeAnythingIsWritten() throws IOException {
    ByteBuffer bytes = HeaderSamples.bytes(plain());
    bytes.putLong(88, 1L << 40 | 1);
    try (BlockFile file = HeaderSamples.file(bytes)) {
      Qcow2Header header = HeaderParser.parse(file, false);
      assertThat(HeaderDraft.of(header).header().autoclearFeatures()).isEqualTo(1);
      Qcow2Header cleared = UnknownAutoclear.clear(file, header);
      assertThat(cleared.autoclearFeatures()).isEqualTo(1);
      assertThat(HeaderParser.parse(file, false)).isEqualTo(cleared);
      assertThat(UnknownAutoclear.clear(file, cleared)).isSameAs(cleared);
    }
  }

  @Test
  void autoclearBitsOfOthersDoNotComeBackAfterAPowerCut() throws IOException {
    ByteBuffer bytes = HeaderSamples.bytes(plain());
    bytes.putLong(88, 1L << 40 | 1);
    try (HeaderBench bench = HeaderBench.holding(bytes)) {
      Qcow2Header header = bench.header();
      bench.mayBecome(HeaderDraft.of(header).header());
      UnknownAutoclear.clear(bench.file(), header);
      bench.isDurable();
      bench.explore();
    }
  }

  @Test
  void aHeaderIsAskedForSums() {
    Qcow2Header header = plain().size((1 << 20) + 511).header();
    assertThat(header.clusterSize()).isEqualTo(65536);
    assertThat(header.virtualSize()).isEqualTo(1 << 20);
    assertThat(header.refcountBits()).isEqualTo(16);
    assertThat(header.l2EntryBytes()).isEqualTo(8);
    assertThat(header.l2Entries()).isEqualTo(8192);
    assertThat(header.l2CoverageBits()).isEqualTo(29);
    assertThat(header.l1EntriesFor(0)).isZero();
    assertThat(header.l1EntriesFor(1)).isEqualTo(1);
    assertThat(header.l1EntriesFor(1L << 29)).isEqualTo(1);
    assertThat(header.l1EntriesFor((1L << 29) + 1)).isEqualTo(2);
    assertThat(Qcow2Header.maxL1Entries()).isEqualTo(4_194_304);
    assertThat(CompressionType.ZSTD.label()).isEqualTo("zstd");
    assertThat(CompressionType.ZSTD.code()).isEqualTo(1);
  }

  @Test
  void unknownBytesAreComparedByWhatTheyAre() {
    byte[] source = {1, 2};
    UnknownBytes bytes = UnknownBytes.of(source);
    source[0] = 9;
    assertThat(bytes).isEqualTo(UnknownBytes.of(new byte[] {1, 2})).hasToString("0102");
    assertThat(bytes).hasSameHashCodeAs(UnknownBytes.of(new byte[] {1, 2}));
    assertThat(bytes).isNotEqualTo(UnknownBytes.of(new byte[] {1, 3})).isNotEqualTo("0102");
    assertThat(bytes.hashCode()).isNotEqualTo(UnknownBytes.NONE.hashCode());
    bytes.toByteArray()[0] = 7;
    assertThat(bytes.toByteArray()).containsExactly(1, 2);
    assertThat(UnknownBytes.of(new byte[0])).isSameAs(UnknownBytes.NONE);
  }
}
