package io.github.qcow4j.qcow2.header;

import static io.github.qcow4j.qcow2.header.HeaderExtensions.TYPE_BACKING_FORMAT;
import static io.github.qcow4j.qcow2.header.HeaderExtensions.TYPE_BITMAPS;
import static io.github.qcow4j.qcow2.header.HeaderExtensions.TYPE_DATA_FILE;
import static io.github.qcow4j.qcow2.header.HeaderExtensions.TYPE_ENCRYPTION;
import static io.github.qcow4j.qcow2.header.HeaderExtensions.TYPE_END;
import static io.github.qcow4j.qcow2.header.HeaderExtensions.TYPE_FEATURE_NAMES;
import static io.github.qcow4j.qcow2.header.HeaderExtensions.TYPE_PASSED_OVER;
import static io.github.qcow4j.qcow2.header.HeaderSamples.extension;
import static io.github.qcow4j.qcow2.header.HeaderSamples.parse;
import static io.github.qcow4j.qcow2.header.HeaderSamples.plain;
import static io.github.qcow4j.qcow2.header.HeaderSamples.sized;
import static io.github.qcow4j.qcow2.header.HeaderSamples.withList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderExtensions.EncryptionHeader;
import io.github.qcow4j.qcow2.header.HeaderExtensions.UnknownExtension;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The list of header extensions, read and written. */
class HeaderExtensionsTest {

  private static final int CLUSTER = HeaderSamples.CLUSTER;
  private static final byte[] NOTHING = {};

  @Test
  void allThatIsWrittenIsReadBack() throws IOException {
    HeaderDraft draft =
        plain()
            .backing("base", "qcow2")
            .feature(Feature.EXTERNAL_DATA_FILE, true)
            .dataFileName("data")
            .bitmaps(new BitmapsExtension(2, 64, 5L * CLUSTER));
    UnknownExtension odd = new UnknownExtension(0x1234, UnknownBytes.of(new byte[] {1, 2, 3}));
    UnknownExtension empty = new UnknownExtension(0x1235, UnknownBytes.NONE);
    Qcow2Header wanted =
        HeaderSamples.with(draft, null, new EncryptionHeader(9L * CLUSTER, 77), odd, empty);
    ByteBuffer bytes = HeaderWriter.encode(HeaderSamples.IMAGE, wanted);
    HeaderExtensions found = parse(bytes).extensions();
    assertThat(found.backingFormat()).isEqualTo("qcow2");
    assertThat(found.dataFileName()).isEqualTo("data");
    assertThat(found.bitmaps()).isEqualTo(new BitmapsExtension(2, 64, 5L * CLUSTER));
    assertThat(found.encryptionHeader()).isEqualTo(new EncryptionHeader(9L * CLUSTER, 77));
    assertThat(found.unknown()).containsExactly(odd, empty);
    assertThat(found.featureNames().names()).hasSize(8);
    assertThat(HeaderWriter.encodeWithoutFeatureNames(HeaderSamples.IMAGE, wanted).getInt(112))
        .isEqualTo(TYPE_BACKING_FORMAT);
    assertThat(
            parse(HeaderWriter.encodeWithoutFeatureNames(HeaderSamples.IMAGE, wanted))
                .extensions()
                .featureNames()
                .names())
        .isEmpty();
    // Parsed and written again it is the same, byte for byte.
    assertThat(HeaderWriter.encode(HeaderSamples.IMAGE, parse(bytes))).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "8 | bitmaps_ext: Invalid extension length",
        "25 | bitmaps_ext: Invalid extension length",
      })
  void theBitmapsExtensionHasOneLength(int length, String message) throws IOException {
    refused(message, extension(TYPE_BITMAPS, new byte[length]));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1 | 1 | 32 | 65536 | bitmaps_ext: Reserved field is not zero",
        "65536 | 0 | 32 | 65536 | bitmaps_ext: Image has 65536 bitmaps, exceeding the QEMU"
            + " supported maximum of 65535",
        "0 | 0 | 32 | 65536 | found bitmaps extension with zero bitmaps",
        "1 | 0 | 32 | 65540 | bitmaps_ext: invalid bitmap directory offset",
        "1 | 0 | 67107841 | 65536 | bitmaps_ext: bitmap directory size (67107841) exceeds the"
            + " maximum supported size (67107840)",
        "1 | 0 | -1 | 65536 | bitmaps_ext: bitmap directory size (18446744073709551615) exceeds"
            + " the maximum supported size (67107840)",
        "1 | 0 | 0 | 65536 | Requested bitmap directory size is zero",
      })
  void whatABitmapDirectoryCannotBeIsRefused(
      int count, int reserved, long bytes, long offset, String message) throws IOException {
    refused(message, extension(TYPE_BITMAPS, directory(count, reserved, bytes, offset)));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 32, 65536, 120",
    "1, 1, 32, 65536, 124",
    "1, 0, 0, 65536, 128",
    "1, 0, 32, 65540, 136",
  })
  void theWrongFieldOfABitmapDirectoryIsPointedTo(
      int count, int reserved, long bytes, long offset, long place) throws IOException {
    ByteBuffer image =
        withList(
            plain().feature(Feature.BITMAPS, true),
            extension(TYPE_BITMAPS, directory(count, reserved, bytes, offset)));
    assertThatThrownBy(() -> parse(image))
        .isInstanceOfSatisfying(
            CorruptImageException.class, e -> assertThat(e.hostOffset()).isEqualTo(place));
  }

  @Test
  void theLargestBitmapDirectoryIsAccepted() throws IOException {
    byte[] largest = extension(TYPE_BITMAPS, directory(65535, 0, 67107840, 65536));
    assertThat(
            parse(withList(plain().feature(Feature.BITMAPS, true), largest)).extensions().bitmaps())
        .isEqualTo(new BitmapsExtension(65535, 67107840, 65536));
  }

  @Test
  void bitmapsThatNobodyVouchesForAreIgnored() throws IOException {
    byte[] stale = extension(TYPE_BITMAPS, directory(0, 9, -1, 3));
    assertThat(parse(withList(plain(), stale)).extensions().bitmaps()).isNull();
  }

  private static byte[] directory(int count, int reserved, long bytes, long offset) {
    return ByteBuffer.allocate(24)
        .putInt(count)
        .putInt(reserved)
        .putLong(bytes)
        .putLong(offset)
        .array();
  }

  @Test
  void theEncryptionExtensionBelongsToLuks() throws IOException {
    byte[] sound = extension(TYPE_ENCRYPTION, pointer(CLUSTER, 5));
    refused("CRYPTO header extension only expected with LUKS encryption method", sound);
    refusedLuks(
        "CRYPTO header extension size 17, but expected size 16",
        extension(TYPE_ENCRYPTION, new byte[17]));
    refusedLuks(
        "CRYPTO header extension size 8, but expected size 16",
        extension(TYPE_ENCRYPTION, new byte[8]));
    refusedLuks(
        "Encryption header offset '65544' is not a multiple of cluster size '65536'",
        extension(TYPE_ENCRYPTION, pointer(CLUSTER + 8, 5)));
    assertThat(parse(luks(sound)).extensions().encryptionHeader())
        .isEqualTo(new EncryptionHeader(CLUSTER, 5));
  }

  private static byte[] pointer(long offset, long length) {
    return ByteBuffer.allocate(16).putLong(offset).putLong(length).array();
  }

  private static ByteBuffer luks(byte[]... list) throws IOException {
    return withList(plain(), list).putInt(32, 2);
  }

  private static void refusedLuks(String message, byte[]... list) throws IOException {
    ByteBuffer bytes = luks(list);
    assertThatThrownBy(() -> parse(bytes)).hasMessage(message);
  }

  private static void refused(String message, byte[]... list) throws IOException {
    ByteBuffer bytes = withList(plain().feature(Feature.BITMAPS, true), list);
    assertThatThrownBy(() -> parse(bytes)).hasMessage(message);
  }

  @Test
  void aBackingFormatHasAtMost15Bytes() throws IOException {
    refused(
        "ERROR: ext_backing_format: len=16 too large (>=16)",
        extension(TYPE_BACKING_FORMAT, "0123456789abcdef"));
    ByteBuffer longest = withList(plain(), extension(TYPE_BACKING_FORMAT, "0123456789abcde"));
    assertThat(parse(longest).extensions().backingFormat()).isEqualTo("0123456789abcde");
  }

  @Test
  void anExtensionMustEndWithinTheList() throws IOException {
    byte[] tooLong = ByteBuffer.allocate(8).putInt(77).putInt(CLUSTER - 112 - 8 + 1).array();
    refused("Header extension too large", tooLong);
    byte[] negative = ByteBuffer.allocate(8).putInt(77).putInt(-1).array();
    refused("Header extension too large", negative);
    byte[] endWithLength = ByteBuffer.allocate(8).putInt(TYPE_END).putInt(-1).array();
    refused("Header extension too large", endWithLength);
    byte[] whole = ByteBuffer.allocate(8).putInt(77).putInt(CLUSTER - 112 - 8).array();
    assertThat(parse(withList(plain(), whole)).extensions().unknown()).hasSize(1);
  }

  @Test
  void theListEndsAtItsEndMark() throws IOException {
    ByteBuffer bytes =
        withList(plain(), extension(TYPE_END, NOTHING), extension(TYPE_DATA_FILE, "late"));
    assertThat(parse(bytes).extensions().dataFileName()).isNull();
  }

  @Test
  void theListEndsWhereTheBackingNameBegins() throws IOException {
    HeaderDraft draft = plain().backing("base", null);
    ByteBuffer bytes = withList(draft, extension(TYPE_DATA_FILE, "12345678"));
    bytes.putLong(8, 112 + 16).put(112 + 16, new byte[] {'b', 'a', 's', 'e'});
    assertThat(parse(bytes).extensions().dataFileName()).isEqualTo("12345678");
    assertThat(parse(bytes).backingFileName()).isEqualTo("base");
    bytes.putLong(8, 112 + 15);
    assertThatThrownBy(() -> parse(bytes)).hasMessage("Header extension too large");
    bytes.putLong(8, 112 + 7);
    assertThatThrownBy(() -> parse(bytes)).hasMessage("Header extension too large");
    bytes.putLong(8, 112);
    assertThat(parse(bytes).extensions()).isEqualTo(HeaderExtensions.NONE);
  }

  @Test
  void whatIsToBePassedOverIsNotKept() throws IOException {
    ByteBuffer bytes =
        withList(
            plain(),
            extension(TYPE_PASSED_OVER, new byte[5]),
            extension(TYPE_DATA_FILE, "data"),
            extension(0x99, "own"));
    HeaderExtensions found = parse(bytes).extensions();
    assertThat(found.dataFileName()).isEqualTo("data");
    assertThat(found.unknown())
        .containsExactly(new UnknownExtension(0x99, UnknownBytes.of(new byte[] {'o', 'w', 'n'})));
  }

  @ParameterizedTest
  @ValueSource(ints = {3900, 3968, 3976, 3984, 4000, 9000})
  void aListMayBeLongerThanTheFirstRead(int length) throws IOException {
    ByteBuffer bytes =
        withList(plain(), extension(0x99, new byte[length]), extension(TYPE_DATA_FILE, "data"));
    HeaderExtensions found = parse(bytes).extensions();
    assertThat(found.dataFileName()).isEqualTo("data");
    assertThat(found.unknown().getFirst().data().length()).isEqualTo(length);
  }

  private static byte[] name(int group, int bit, String text) {
    return ByteBuffer.allocate(48)
        .put((byte) group)
        .put((byte) bit)
        .put(text.getBytes(java.nio.charset.StandardCharsets.UTF_8))
        .array();
  }

  @Test
  void featuresAreRefusedByTheImagesOwnNames() throws IOException {
    byte[] table = new byte[48 * 3 + 10];
    ByteBuffer.wrap(table)
        .put(name(1, 9, "compatible"))
        .put(name(0, 9, "time travel"))
        .put(name(0, 10, ""))
        .put((byte) 0)
        .put((byte) 63)
        .put("warp".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    ByteBuffer bytes =
        withList(plain(), extension(0x99, new byte[3]), extension(TYPE_FEATURE_NAMES, table));
    bytes.putLong(72, 1L << 9);
    assertThatThrownBy(() -> parse(bytes)).hasMessage("Unsupported qcow2 feature(s): time travel");
    bytes.putLong(72, 1L << 9 | 1L << 63 | 1);
    assertThatThrownBy(() -> parse(bytes))
        .hasMessage("Unsupported qcow2 feature(s): time travel, warp");
    bytes.putLong(72, 1L << 9 | 1L << 10 | 1L << 11);
    assertThatThrownBy(() -> parse(bytes))
        .hasMessage("Unsupported qcow2 feature(s): time travel, Unknown incompatible feature: c00");
    bytes.putLong(72, 0);
    assertThat(parse(bytes).extensions().featureNames().names())
        .extracting(FeatureNameTable.Name::text)
        .containsExactly("compatible", "time travel", "", "warp");
    assertThat(parse(bytes).extensions().featureNames().nameOf(Feature.Group.INCOMPATIBLE, 10))
        .isNull();
  }

  @Test
  void namesBehindDamageAreNotLookedFor() throws IOException {
    byte[] damage = ByteBuffer.allocate(8).putInt(77).putInt(CLUSTER).array();
    byte[] names = extension(TYPE_FEATURE_NAMES, name(0, 9, "time travel"));
    for (byte[] before : new byte[][] {damage, extension(TYPE_END, NOTHING)}) {
      ByteBuffer bytes = withList(plain(), before, names);
      bytes.putLong(72, 1L << 9);
      assertThatThrownBy(() -> parse(bytes))
          .hasMessage("Unsupported qcow2 feature(s): Unknown incompatible feature: 200");
    }
  }

  /** The list has room for 392 bytes of data, and no end mark then. */
  @ParameterizedTest
  @CsvSource({
    "0x6803F857, 392, time travel",
    "0x6803F857, 393, Unknown incompatible feature: 200",
    "0x99, 392, Unknown incompatible feature: 200",
  })
  void namesOfFeaturesAreLookedForUpToTheEndOfTheList(int type, int length, String named)
      throws IOException {
    byte[] names = extension(type, Arrays.copyOf(name(0, 9, "time travel"), 392));
    ByteBuffer.wrap(names).putInt(4, length);
    ByteBuffer bytes = withList(sized(3, 9), names);
    bytes.putLong(72, 1L << 9);
    assertThatThrownBy(() -> parse(bytes)).hasMessage("Unsupported qcow2 feature(s): " + named);
  }

  @Test
  void aListThatFillsASmallClusterNeedsNoEndMark() throws IOException {
    ByteBuffer bytes = withList(sized(3, 9), extension(0x99, new byte[512 - 112 - 8]));
    assertThat(parse(bytes).extensions().unknown()).hasSize(1);
    bytes = withList(sized(3, 9), extension(0x99, new byte[512 - 112 - 16]));
    assertThat(parse(bytes).extensions().unknown()).hasSize(1);
  }

  @Test
  void aNameOfAFeatureMayFillItsPlace() {
    ByteBuffer data = ByteBuffer.wrap(name(2, 0, "x".repeat(46)));
    assertThat(FeatureNameTable.parse(data).nameOf(Feature.Group.AUTOCLEAR, 0))
        .isEqualTo("x".repeat(46));
    assertThat(FeatureNameTable.parse(ByteBuffer.wrap(new byte[] {0, 1})).names()).isEmpty();
    assertThat(FeatureNameTable.parse(ByteBuffer.wrap(new byte[] {0, 1, 'a'})).names())
        .containsExactly(new FeatureNameTable.Name(0, 1, "a"));
  }
}
