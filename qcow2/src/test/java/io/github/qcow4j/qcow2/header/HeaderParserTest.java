package io.github.qcow4j.qcow2.header;

import static io.github.qcow4j.qcow2.header.HeaderSamples.CLUSTER;
import static io.github.qcow4j.qcow2.header.HeaderSamples.bytes;
import static io.github.qcow4j.qcow2.header.HeaderSamples.parse;
import static io.github.qcow4j.qcow2.header.HeaderSamples.plain;
import static io.github.qcow4j.qcow2.header.HeaderSamples.sized;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers as bytes: every field in its place, and every rule at its border. */
class HeaderParserTest {

  @Test
  void everyFieldStandsWhereTheSpecificationHasIt() throws IOException {
    HeaderDraft draft =
        plain()
            .size(0x30000)
            .l1(0x102, 0x10000)
            .refcountTable(0x20000, 3)
            .refcountOrder(5)
            .snapshots(4, 0x40000)
            .feature(Feature.DIRTY, true)
            .feature(Feature.LAZY_REFCOUNTS, true)
            .feature(Feature.BITMAPS, true)
            .backing("b", "raw");
    byte[] cluster = bytes(draft).array();
    String hex = HexFormat.of().formatHex(cluster, 0, 112);
    assertThat(hex)
        .isEqualTo(
            "514649fb00000003"
                + hex.substring(16, 32)
                + "0000000100000010"
                + "0000000000030000"
                + "0000000000000102"
                + "0000000000010000"
                + "0000000000020000"
                + "0000000300000004"
                + "0000000000040000"
                + "0000000000000001"
                + "0000000000000001"
                + "0000000000000001"
                + "0000000500000070"
                + "0000000000000000");
    Qcow2Header header = parse(bytes(draft));
    assertThat(header.version()).isEqualTo(3);
    assertThat(header.clusterBits()).isEqualTo(16);
    assertThat(header.storedSize()).isEqualTo(0x30000);
    assertThat(header.l1Entries()).isEqualTo(0x102);
    assertThat(header.l1TableOffset()).isEqualTo(0x10000);
    assertThat(header.refcountTableOffset()).isEqualTo(0x20000);
    assertThat(header.refcountTableClusters()).isEqualTo(3);
    assertThat(header.refcountOrder()).isEqualTo(5);
    assertThat(header.snapshotCount()).isEqualTo(4);
    assertThat(header.snapshotsOffset()).isEqualTo(0x40000);
    assertThat(header.incompatibleFeatures()).isEqualTo(1);
    assertThat(header.compatibleFeatures()).isEqualTo(1);
    assertThat(header.autoclearFeatures()).isEqualTo(1);
    assertThat(header.headerLength()).isEqualTo(112);
    assertThat(header.compressionType()).isEqualTo(CompressionType.ZLIB);
    assertThat(header.backingFileName()).isEqualTo("b");
    assertThat(header.extensions().backingFormat()).isEqualTo("raw");
    assertThat(header.cryptMethod()).isZero();
    assertThat(header.unknownTail()).isEqualTo(UnknownBytes.NONE);
    assertThat(header.backingFileOffset())
        .isEqualTo(ByteBuffer.wrap(cluster).getLong(8))
        .isPositive();
  }

  @ParameterizedTest
  @ValueSource(ints = {9, 12, 13, 21})
  void aHeaderOfVersion2HasNothingBehindItsFields(int clusterBits) throws IOException {
    HeaderDraft draft = sized(2, clusterBits).backing("base", "qcow2");
    ByteBuffer cluster = bytes(draft);
    assertThat(cluster.capacity()).isEqualTo(1 << clusterBits);
    assertThat(cluster.getInt(72)).isEqualTo(HeaderExtensions.TYPE_BACKING_FORMAT);
    Qcow2Header header = parse(cluster);
    assertThat(header.version()).isEqualTo(2);
    assertThat(header.headerLength()).isEqualTo(72);
    assertThat(header.refcountOrder()).isEqualTo(4);
    assertThat(header.incompatibleFeatures()).isZero();
    assertThat(header.compatibleFeatures()).isZero();
    assertThat(header.autoclearFeatures()).isZero();
    assertThat(header.backingFileName()).isEqualTo("base");
  }

  @ParameterizedTest
  @CsvSource({"4096, false", "8192, true", "65536, true"})
  void smallClustersHaveNoFeatureNames(int clusterSize, boolean named) throws IOException {
    int bits = Integer.numberOfTrailingZeros(clusterSize);
    Qcow2Header header = parse(bytes(sized(3, bits)));
    assertThat(header.extensions().featureNames().names())
        .hasSize(named ? Feature.values().length : 0);
    for (Feature feature : named ? List.of(Feature.values()) : List.<Feature>of()) {
      assertThat(header.extensions().featureNames().nameOf(feature.group(), feature.bit()))
          .isEqualTo(feature.specificationName());
    }
  }

  /** What one field must not be; its number of bytes follows the offset. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 4 | 514649fa | CorruptImage | Image is not in qcow2 format",
        "4 | 4 | 00000001 | UnsupportedFeature | Unsupported qcow2 version 1",
        "4 | 4 | 00000004 | UnsupportedFeature | Unsupported qcow2 version 4",
        "4 | 4 | ffffffff | UnsupportedFeature | Unsupported qcow2 version 4294967295",
        "20 | 4 | 00000008 | CorruptImage | Unsupported cluster size: 2^8",
        "20 | 4 | 00000016 | CorruptImage | Unsupported cluster size: 2^22",
        "100 | 4 | 00000067 | CorruptImage | qcow2 header too short",
        "100 | 4 | 00010001 | CorruptImage | qcow2 header exceeds cluster size",
        "100 | 4 | ffffffff | CorruptImage | qcow2 header exceeds cluster size",
        "8 | 8 | 0000000000010001 | CorruptImage | Invalid backing file offset",
        "8 | 8 | ffffffffffffffff | CorruptImage | Invalid backing file offset",
        "96 | 4 | 00000007 | CorruptImage | Reference count entry width too large; may not exceed"
            + " 64 bits",
        "96 | 4 | ffffffff | CorruptImage | Reference count entry width too large; may not exceed"
            + " 64 bits",
        "56 | 4 | 00000000 | CorruptImage | Image does not contain a reference count table",
        "56 | 4 | 00000081 | LimitExceeded | Reference count table too large",
        "48 | 8 | 0000000000010200 | CorruptImage | Reference count table offset invalid",
        "48 | 8 | 8000000000000000 | CorruptImage | Reference count table offset invalid",
        "48 | 8 | 7fffffffffff0000 | CorruptImage | Reference count table offset invalid",
        "60 | 4 | 00010001 | LimitExceeded | Snapshot table too large",
        "64 | 8 | 0000000000000200 | CorruptImage | Snapshot table offset invalid",
        "36 | 4 | 00400001 | LimitExceeded | Active L1 table too large",
        "36 | 4 | ffffffff | LimitExceeded | Active L1 table too large",
        "40 | 8 | 0000000000000008 | CorruptImage | Active L1 table offset invalid",
        "36 | 4 | 00000000 | CorruptImage | L1 table is too small",
        "24 | 8 | 0000000400000001 | CorruptImage | L1 table is too small",
        "24 | 8 | 8000000000000000 | LimitExceeded | Image is too big",
        "24 | 8 | 7fffffffffffffff | LimitExceeded | Image is too big",
        "32 | 4 | 00000003 | UnsupportedFeature | Unsupported encryption method 3",
        "32 | 4 | ffffffff | UnsupportedFeature | Unsupported encryption method -1",
        "32 | 4 | 00000002 | CorruptImage | Missing CRYPTO header for crypt method 2",
        "104 | 1 | 02 | UnsupportedFeature | qcow2: unknown compression type: 2",
        "104 | 1 | ff | UnsupportedFeature | qcow2: unknown compression type: 255",
        "104 | 1 | 01 | CorruptImage | qcow2: Compression type incompatible feature bit must be"
            + " set",
        "72 | 8 | 0000000000000008 | CorruptImage | qcow2: Compression type incompatible feature"
            + " bit must not be set",
        "72 | 8 | 0000000000000020 | UnsupportedFeature | Unsupported qcow2 feature(s): Unknown"
            + " incompatible feature: 20",
        "72 | 8 | 8000000000000100 | UnsupportedFeature | Unsupported qcow2 feature(s): Unknown"
            + " incompatible feature: 8000000000000100",
        "88 | 8 | 0000000000000002 | CorruptImage | data-file-raw requires a data file",
      })
  void oneFieldOverItsBorderIsRefused(
      int offset, int width, String value, String kind, String message) throws IOException {
    ByteBuffer cluster = bytes(plain());
    cluster.put(offset, HexFormat.of().parseHex(value));
    assertThat(value).hasSize(2 * width);
    assertThatThrownBy(() -> parse(cluster))
        .hasMessage(message)
        .satisfies(e -> assertThat(e.getClass().getSimpleName()).isEqualTo(kind + "Exception"));
  }

  @ParameterizedTest
  @CsvSource({
    "100, 4, 00000068",
    "100, 4, 00010000",
    "8, 8, 0000000000010000",
    "96, 4, 00000000",
    "96, 4, 00000006",
    "56, 4, 00000080",
    "48, 8, 0000000000000000",
    "48, 8, 7ffffffffffe0000",
    "60, 4, 00000000",
    "36, 4, 00400000",
    "36, 4, 00000001",
    "24, 8, 0000000000000000",
    "24, 8, 0000000400000000",
    "32, 4, 00000001",
    "72, 8, 0000000000000007",
    "72, 8, 0000000000000010",
    "80, 8, ffffffffffffffff",
    "88, 8, fffffffffffffffd",
  })
  void oneFieldAtItsBorderIsAccepted(int offset, int width, String value) throws IOException {
    ByteBuffer cluster = bytes(plain());
    cluster.put(offset, HexFormat.of().parseHex(value));
    assertThat(value).hasSize(2 * width);
    assertThat(parse(cluster).version()).isEqualTo(3);
  }

  @Test
  void aCheckerLooksAtWhatOthersCannot() throws IOException {
    ByteBuffer noTable = bytes(plain());
    noTable.putInt(56, 0);
    assertThat(parse(noTable, true).refcountTableClusters()).isZero();
    ByteBuffer manySnapshots = bytes(plain());
    manySnapshots.putInt(60, 70_000).putLong(64, 1);
    assertThat(parse(manySnapshots, true).snapshotCount()).isEqualTo(70_000);
    ByteBuffer mostSnapshots = bytes(plain());
    mostSnapshots.putInt(60, 65_536);
    assertThat(parse(mostSnapshots).snapshotCount()).isEqualTo(65_536);
  }

  @Test
  void subclustersNeedRoom() {
    assertThatThrownBy(() -> parse(bytes(sized(3, 13).feature(Feature.EXTENDED_L2, true))))
        .isInstanceOf(CorruptImageException.class)
        .hasMessage("Unsupported subcluster size: 256");
  }

  @Test
  void theSmallestClusterWithSubclustersIsRead() throws IOException {
    Qcow2Header header = parse(bytes(sized(3, 14).feature(Feature.EXTENDED_L2, true)));
    assertThat(header.l2EntryBytes()).isEqualTo(16);
    assertThat(header.l2Entries()).isEqualTo(1024);
    assertThat(header.l2CoverageBits()).isEqualTo(24);
  }

  @Test
  void aFileEndsBeforeItsHeaderDoes() throws IOException {
    ByteBuffer cluster = bytes(plain());
    assertThatThrownBy(() -> parse(cut(cluster, 7))).hasMessage("Image is not in qcow2 format");
    assertThatThrownBy(() -> parse(cut(cluster, 8))).hasMessage("qcow2 header too short");
    assertThatThrownBy(() -> parse(cut(cluster, 71))).hasMessage("qcow2 header too short");
    assertThatThrownBy(() -> parse(cut(cluster, 103))).hasMessage("qcow2 header too short");
    cluster.putInt(100, 104);
    assertThat(parse(cut(cluster, 104)).headerLength()).isEqualTo(104);
    assertThat(parse(cut(bytes(sized(2, 16)), 72)).version()).isEqualTo(2);
  }

  @Test
  void compressionIsReadFromHeadersThatHaveTheField() throws IOException {
    HeaderDraft draft =
        HeaderDraft.fresh(3, 16, 4, CompressionType.ZSTD).refcountTable(CLUSTER, 1).l1(1, CLUSTER);
    ByteBuffer cluster = bytes(draft);
    assertThat(cluster.getLong(72)).isEqualTo(8);
    assertThat(cluster.get(104)).isEqualTo((byte) 1);
    assertThat(parse(cluster).compressionType()).isEqualTo(CompressionType.ZSTD);
    ByteBuffer shorter = bytes(plain());
    shorter.putInt(100, 104).put(104, (byte) 0);
    assertThat(parse(shorter).compressionType()).isEqualTo(CompressionType.ZLIB);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 120, 1000, 4090, 5000})
  void bytesBehindTheKnownFieldsAreKept(int length) throws IOException {
    byte[] tail = new byte[length];
    for (int i = 0; i < length; i++) {
      tail[i] = (byte) (i * 7 + 1);
    }
    HeaderDraft draft = plain().backing("over-there", "raw");
    Qcow2Header long1 = HeaderSamples.with(draft, UnknownBytes.of(tail), null);
    Qcow2Header header = parse(HeaderWriter.encode(HeaderSamples.IMAGE, long1));
    assertThat(header.headerLength()).isEqualTo(112 + length);
    assertThat(header.unknownTail().toByteArray()).isEqualTo(tail);
    assertThat(header.unknownTail().length()).isEqualTo(length);
    assertThat(header.backingFileName()).isEqualTo("over-there");
  }

  @Test
  void extensionsBehindAHeaderOfAnyLengthArePaddedFromWhereTheyBegin() throws IOException {
    UnknownBytes tail = UnknownBytes.of(new byte[] {1, 2, 3, 4, 5});
    Qcow2Header header = HeaderSamples.with(plain().backing("base", "qcow2"), tail, null);
    ByteBuffer cluster = HeaderWriter.encode(HeaderSamples.IMAGE, header);
    assertThat(cluster.getInt(117)).isEqualTo(HeaderExtensions.TYPE_BACKING_FORMAT);
    assertThat(cluster.getInt(117 + 16)).isEqualTo(HeaderExtensions.TYPE_FEATURE_NAMES);
    assertThat(parse(cluster).extensions().backingFormat()).isEqualTo("qcow2");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 8, 20, 55, 56, 100, 391, 392})
  void featureNamesForWhichTheClusterHasNoRoomAreNotWritten(int room) {
    UnknownBytes tail = UnknownBytes.of(new byte[8192 - 112 - room]);
    assertThatThrownBy(() ->
            HeaderWriter.encode(HeaderSamples.IMAGE, HeaderSamples.with(sized(3, 13), tail, null)))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("No space left on device");
  }

  @Test
  void aBackingNameIsACString() throws IOException {
    ByteBuffer cluster = bytes(plain().backing("abc", null));
    int at = (int) cluster.getLong(8);
    cluster.put(at + 1, (byte) 0);
    assertThat(parse(cluster).backingFileName()).isEqualTo("a");
    cluster.put(at, (byte) 0);
    assertThat(parse(cluster).backingFileName()).isNull();
    ByteBuffer empty = bytes(plain().backing("abc", null));
    empty.putInt(16, 0);
    assertThat(parse(empty).backingFileName()).isNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {9, 16})
  void aBackingNameHasALimitAndTheEndOfItsCluster(int clusterBits) throws IOException {
    ByteBuffer cluster = bytes(sized(3, clusterBits).backing("abc", null));
    int room = (int) ((1L << clusterBits) - cluster.getLong(8));
    int most = Math.min(1023, room);
    cluster.put(cluster.capacity() - 1, (byte) 'z');
    cluster.putInt(16, most);
    assertThat(parse(cluster).backingFileName()).isEqualTo("abc");
    cluster.putInt(16, most + 1);
    assertThatThrownBy(() -> parse(cluster))
        .isInstanceOfSatisfying(
            LimitExceededException.class, e -> assertThat(e.limit()).isEqualTo(most))
        .hasMessage("Backing file name too long");
  }

  @Test
  void aNameFarBehindTheFirstReadIsRead() throws IOException {
    ByteBuffer cluster = bytes(plain());
    cluster.putLong(8, 4090).putInt(16, 10);
    cluster.put(4090, "0123456789".getBytes(StandardCharsets.US_ASCII));
    assertThat(parse(cluster).backingFileName()).isEqualTo("0123456789");
    cluster.putInt(16, 6);
    assertThat(parse(cluster).backingFileName()).isEqualTo("012345");
  }

  @Test
  void anImageIsKnownByItsFirstEightBytes() {
    ByteBuffer start = ByteBuffer.allocate(9).putInt(1, HeaderParser.MAGIC).putInt(5, 1);
    assertThat(HeaderParser.looksLikeQcow2(start.slice(1, 8))).isTrue();
    assertThat(HeaderParser.looksLikeQcow2(start.position(1))).isTrue();
    assertThat(HeaderParser.looksLikeQcow2(start.slice(0, 7))).isFalse();
    assertThat(HeaderParser.looksLikeQcow2(ByteBuffer.allocate(8).putInt(0, HeaderParser.MAGIC)))
        .isFalse();
    assertThat(HeaderParser.looksLikeQcow2(ByteBuffer.allocate(8).putInt(4, 3))).isFalse();
  }

  @Test
  void whatNoHeaderClusterHoldsIsNotWritten() {
    assertThatThrownBy(() -> bytes(plain().backing("n".repeat(1024), null)))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("Backing file name too long");
    assertThatThrownBy(() -> bytes(sized(3, 9).backing("n".repeat(500), "raw")))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("No space left on device");
  }

  @Test
  void theLongestNameIsWritten() throws IOException {
    String longest = "n".repeat(1023);
    assertThat(parse(bytes(plain().backing(longest, null))).backingFileName()).isEqualTo(longest);
    assertThatThrownBy(() -> bytes(plain().backing("é".repeat(512), null)))
        .hasMessage("Backing file name too long");
  }

  @Test
  void formatsThatOthersWriteAreKnownByTheirFirstBytes() {
    ByteBuffer iso = ByteBuffer.allocate(ForeignFormat.START_BYTES);
    iso.put(0x8001, "CD001".getBytes(StandardCharsets.US_ASCII));
    assertThat(ForeignFormat.of(iso)).hasValue(ForeignFormat.ISO);
    assertThat(ForeignFormat.of(iso.slice(0, ForeignFormat.START_BYTES - 1))).isEmpty();
    ByteBuffer shifted = ByteBuffer.allocate(20);
    shifted.put(3, "vhdxfile".getBytes(StandardCharsets.US_ASCII));
    assertThat(ForeignFormat.of(shifted.position(3))).hasValue(ForeignFormat.VHDX);
    assertThat(shifted.position()).isEqualTo(3);
    assertThat(ForeignFormat.of(shifted.position(0))).isEmpty();
    assertThat(ForeignFormat.VHDX.title()).isEqualTo("VHDX");
  }

  @Test
  void compressedClustersNeedTheImagesOwnFile() throws IOException {
    CompressionRule.require(null, false);
    assertThatThrownBy(() -> CompressionRule.require(null, true))
        .isInstanceOfSatisfying(
            UnsupportedFeatureException.class,
            e -> assertThat(e.feature()).isEqualTo("external data file"));
  }

  private static ByteBuffer cut(ByteBuffer bytes, int length) {
    return bytes.duplicate().position(0).limit(length).slice();
  }
}
