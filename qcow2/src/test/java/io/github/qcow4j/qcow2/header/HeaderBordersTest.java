package io.github.qcow4j.qcow2.header;

import static io.github.qcow4j.qcow2.header.HeaderSamples.bytes;
import static io.github.qcow4j.qcow2.header.HeaderSamples.parse;
import static io.github.qcow4j.qcow2.header.HeaderSamples.plain;
import static io.github.qcow4j.qcow2.header.HeaderSamples.sized;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where one number of a header more or less decides between two ways to read it, or none. */
class HeaderBordersTest {

  @ParameterizedTest
  @CsvSource({
    "3fffffff8000, CorruptImageException, L1 table is too small",
    "3fffffff8001, LimitExceededException, Image is too big",
  })
  void moreL1EntriesThanAnIntCountsAreTooManyForAnyTable(String size, String kind, String message)
      throws IOException {
    ByteBuffer cluster = bytes(sized(3, 9));
    cluster.putLong(24, Long.parseLong(size, 16));
    assertThatThrownBy(() -> parse(cluster))
        .hasMessage(message)
        .satisfies(e -> assertThat(e.getClass().getSimpleName()).isEqualTo(kind));
  }

  @Test
  void aSnapshotTableOf40BytesForEachEndsWithinAnyFile() throws IOException {
    ByteBuffer cluster = bytes(plain());
    cluster.putInt(60, 65_536).putLong(64, 0x7fff_ffff_ffd7_0000L);
    assertThat(parse(cluster).snapshotsOffset()).isEqualTo(0x7fff_ffff_ffd7_0000L);
    cluster.putLong(64, 0x7fff_ffff_ffd8_0000L);
    assertThatThrownBy(() -> parse(cluster))
        .isInstanceOf(CorruptImageException.class)
        .hasMessage("Snapshot table offset invalid");
  }

  @ParameterizedTest
  @CsvSource({"504, true", "505, false", "511, false", "512, true"})
  void betweenHeaderAndClusterEndIsRoomForAnExtensionOrNone(int headerLength, boolean sound)
      throws IOException {
    ByteBuffer cluster = bytes(sized(3, 9));
    cluster.putInt(100, headerLength);
    if (sound) {
      assertThat(parse(cluster).headerLength()).isEqualTo(headerLength);
    } else {
      assertThatThrownBy(() -> parse(cluster))
          .isInstanceOf(CorruptImageException.class)
          .hasMessage("Header extension too large");
    }
  }

  @Test
  void aHeaderOf104BytesHasExtensionsWhereLongerOnesHaveTheCompressionType() throws IOException {
    ByteBuffer cluster = bytes(plain());
    cluster.putInt(100, 104);
    cluster.put(104, HeaderSamples.extension(HeaderExtensions.TYPE_BACKING_FORMAT, "raw"));
    cluster.putLong(120, HeaderExtensions.TYPE_END);
    Qcow2Header header = parse(cluster);
    assertThat(header.compressionType()).isEqualTo(CompressionType.ZLIB);
    assertThat(header.extensions().backingFormat()).isEqualTo("raw");
  }

  @ParameterizedTest
  @CsvSource({"3968, 1", "3976, 2"})
  void aListThatEndsWithin4096BytesIsReadOnce(int length, int reads) throws IOException {
    assertThat(
            reads(HeaderSamples.withList(plain(), HeaderSamples.extension(99, new byte[length]))))
        .isEqualTo(reads);
  }

  @ParameterizedTest
  @CsvSource({"6, 1", "7, 2"})
  void aNameThatEndsWithin4096BytesIsReadOnce(int length, int reads) throws IOException {
    ByteBuffer cluster = bytes(plain());
    cluster.putLong(8, 4090).putInt(16, length);
    assertThat(reads(cluster)).isEqualTo(reads);
  }

  private static int reads(ByteBuffer cluster) throws IOException {
    try (HeaderBench bench = HeaderBench.holding(cluster)) {
      return bench.readsOfHeader();
    }
  }
}
