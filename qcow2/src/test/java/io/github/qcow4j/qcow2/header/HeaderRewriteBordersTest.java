package io.github.qcow4j.qcow2.header;

import static io.github.qcow4j.qcow2.header.HeaderSamples.CLUSTER;
import static io.github.qcow4j.qcow2.header.HeaderSamples.bytes;
import static io.github.qcow4j.qcow2.header.HeaderSamples.extension;
import static io.github.qcow4j.qcow2.header.HeaderSamples.plain;
import static io.github.qcow4j.qcow2.header.HeaderSamples.sized;
import static io.github.qcow4j.qcow2.header.HeaderSamples.withList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A header is replaced in as few steps as keep it whole, at the borders of its first sector and its
 * cluster.
 */
class HeaderRewriteBordersTest {

  private static final int REFUSED = -1;

  /** The steps of a header out of whose way a name is moved first. */
  private static final int WITH_MOVED_NAME = 5;

  /** The steps of a header that is written behind the old one first. */
  private static final int OVER_DETOUR = 5;

  /** In clusters of 1 KiB extensions then end with the first sector. */
  private static final String FILLING_NAME = "d".repeat(384);

  private static String name(char letter, int length) {
    return String.valueOf(letter).repeat(length);
  }

  /** The steps of one change, after which no power cut was found to do harm. */
  private static int replace(ByteBuffer present, UnaryOperator<HeaderDraft> change)
      throws IOException {
    try (HeaderBench bench = HeaderBench.holding(present)) {
      int steps = bench.replace(change);
      bench.explore();
      return steps;
    }
  }

  private static ByteBuffer withTail(HeaderDraft draft, int length) throws IOException {
    byte[] tail = new byte[length];
    Arrays.fill(tail, (byte) 'u');
    return HeaderWriter.encode(
        HeaderSamples.IMAGE, HeaderSamples.with(draft, UnknownBytes.of(tail), null));
  }

  @ParameterizedTest
  @CsvSource({"0, 2", "8, 3"})
  void aHeaderIsMadeShortOnlyWhereItEndsBehindTheFirstSector(int tail, int steps)
      throws IOException {
    ByteBuffer present = withTail(plain(), tail);
    assertThat(present.getInt(504 + tail)).isEqualTo(HeaderExtensions.TYPE_END);
    assertThat(present.getInt(504 + tail - 392)).isEqualTo(HeaderExtensions.TYPE_FEATURE_NAMES);
    assertThat(replace(present, draft -> draft.dataFileName(name('d', 600)))).isEqualTo(steps);
  }

  @ParameterizedTest
  @CsvSource({"392, 3", "393, 5"})
  void aNameIsMovedOnlyWhereTheFirstSectorCannotHoldIt(int length, int steps) throws IOException {
    ByteBuffer present = bytes(plain().backing(name('o', length), null));
    assertThat(replace(present, draft -> draft.backing(name('n', 10), null))).isEqualTo(steps);
  }

  @ParameterizedTest
  @CsvSource({"100, 50, true", "256, 256, true", "257, 10, false", "8, 504, true", "8, 505, false"})
  void aNameIsMovedToTheEndOfTheClusterIfNeitherHeaderReachesThere(
      int oldLength, int newLength, boolean possible) throws IOException {
    HeaderDraft old = sized(3, 10).dataFileName(FILLING_NAME).backing(name('o', oldLength), null);
    assertThat(replace(bytes(old), draft -> draft.size(512).backing(name('n', newLength), null)))
        .isEqualTo(possible ? WITH_MOVED_NAME : REFUSED);
  }

  @ParameterizedTest
  @CsvSource({"560, true", "561, false"})
  void aDetourNeedsRoomForTheNewHeaderBehindBoth(int length, boolean possible) throws IOException {
    HeaderDraft old = sized(3, 11).dataFileName(FILLING_NAME + "12345678");
    assertThat(replace(bytes(old), draft -> draft.backing(name('n', length), null)))
        .isEqualTo(possible ? OVER_DETOUR : REFUSED);
  }

  @ParameterizedTest
  @CsvSource({"392, true", "393, false"})
  void aDetourBeginsWithinTheFirstSector(int tail, boolean possible) throws IOException {
    ByteBuffer present = withTail(plain().dataFileName("data"), tail);
    assertThat(replace(present, draft -> draft.backing("base", null)))
        .isEqualTo(possible ? OVER_DETOUR : REFUSED);
  }

  @Test
  void oneSectorIsReplacedAtOnceWhateverElseTheClusterHolds() throws IOException {
    ByteBuffer full = bytes(sized(3, 10).dataFileName(FILLING_NAME).backing(name('o', 400), null));
    assertThat(replace(full, draft -> draft.size(512))).isEqualTo(1);
    assertThat(replace(full, draft -> draft.backing(name('n', 400), null))).isEqualTo(1);
    assertThat(replace(full, draft -> draft.size(512).backing(name('n', 400), null)))
        .isEqualTo(REFUSED);
  }

  @Test
  void theSameHeaderIsNotWrittenAgain() throws IOException {
    assertThat(replace(bytes(plain().backing("base", "raw")), draft -> draft)).isZero();
  }

  @Test
  void onlyWhatDiffersIsWritten() throws IOException {
    ByteBuffer beginning = bytes(plain().backing(name('o', 393), null)).limit(4096);
    try (HeaderBench bench = HeaderBench.holding(beginning)) {
      bench.file().truncate(CLUSTER);
      assertThat(bench.replace(draft -> draft.backing("base", null))).isEqualTo(WITH_MOVED_NAME);
      assertThat(bench.file().allocatedSize())
          .as("the first page, and the last one, where the name was meanwhile")
          .isEqualTo(2 * 4096);
    }
  }

  @Test
  void aListWithoutAnEndMarkEndsWhereTheNameBegins() throws IOException {
    byte[] list = extension(0x99, new byte[400]);
    byte[] name = "baseÿÿ".getBytes(StandardCharsets.UTF_8);
    ByteBuffer present = withList(plain(), list, name);
    present.putLong(HeaderField.BACKING_FILE_OFFSET, 112 + list.length);
    present.putInt(HeaderField.BACKING_FILE_SIZE, name.length);
    assertThat(replace(present, draft -> draft.backing("other", null))).isEqualTo(OVER_DETOUR);
  }

  @Test
  void anEmptyNameBehindTheFirstSectorIsNotInTheWay() throws IOException {
    ByteBuffer present = bytes(plain());
    present.putLong(HeaderField.BACKING_FILE_OFFSET, 512);
    assertThat(replace(present, draft -> draft.backing("base", "raw"))).isEqualTo(2);
  }

  @Test
  void unknownFieldsBehindTheFirstSectorStayWhereverTheNameBegins() throws IOException {
    ByteBuffer present = withTail(plain(), 600);
    present.putLong(HeaderField.BACKING_FILE_OFFSET, 200).putInt(HeaderField.BACKING_FILE_SIZE, 4);
    assertThat(replace(present, draft -> draft.version(2).dataFileName(name('d', 600))))
        .isEqualTo(OVER_DETOUR);
  }

  /** The letters of three names: format, data file, backing file. */
  @ParameterizedTest
  @CsvSource({"120, r", "121, a", "136, d", "137, a", "544, b", "545, a"})
  void namesThatAreNotUtf8AreNotCarriedOverChanged(int at, char letter) throws IOException {
    ByteBuffer present = bytes(plain().backing("base", "raw").dataFileName("data"));
    assertThat((char) present.get(at)).isEqualTo(letter);
    present.put(at, (byte) 0xFF);
    try (HeaderBench bench = HeaderBench.holding(present)) {
      assertThatThrownBy(() -> bench.replace(draft -> draft.size(4096)))
          .isInstanceOf(UnsupportedFeatureException.class);
      assertThat(bench.cluster()).isEqualTo(present);
    }
  }

  /** The intermediate header must name the file that the old one names, and nothing like it. */
  @Test
  void aNameThatIsNotUtf8StaysByteForByteUntilItIsReplaced() throws IOException {
    byte[] name = {'b', (byte) 0xE4, 's', 'e'};
    ByteBuffer present = bytes(plain().backing("base", "raw"));
    present.put((int) present.getLong(HeaderField.BACKING_FILE_OFFSET), name);
    try (HeaderBench bench = HeaderBench.holding(present)) {
      int steps = bench.replace(draft -> draft.backing("other", "raw"));
      bench.explore((header, cluster) -> {
        byte[] found = new byte[cluster.getInt(HeaderField.BACKING_FILE_SIZE)];
        cluster.get((int) header.backingFileOffset(), found);
        assertThat(found).isIn(name, "other".getBytes(StandardCharsets.UTF_8));
      });
      assertThat(steps).isEqualTo(OVER_DETOUR);
    }
  }
}
