package io.github.qcow4j.qcow2.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.ZstdCompressCtx;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The end of a frame is found whatever stands behind it, and not where there is none. */
class ZstdFrameTest {

  private static final int[] CONTENT_SIZES = {1, 200, 300, 5_000, 65_536, 70_000, 1 << 20};

  @Test
  void theLengthIsThatOfTheFrameWhateverFollows() {
    for (int contentBytes : CONTENT_SIZES) {
      for (boolean checksum : new boolean[] {false, true}) {
        for (boolean contentSize : new boolean[] {false, true}) {
          byte[] frame = frame(contentBytes, checksum, contentSize);
          byte[] padded = Arrays.copyOf(frame, frame.length + 511);
          Arrays.fill(padded, frame.length, padded.length, (byte) 0xA5);

          assertThat(ZstdFrame.length(ByteBuffer.wrap(frame))).isEqualTo(frame.length);
          assertThat(ZstdFrame.length(ByteBuffer.wrap(padded))).isEqualTo(frame.length);
        }
      }
    }
  }

  @Test
  void aFrameOfOneRepeatedByteHasAnEnd() {
    byte[] frame = compress(new byte[300_000], true, true);

    assertThat(ZstdFrame.length(ByteBuffer.wrap(frame))).isEqualTo(frame.length);
  }

  @Test
  void aFrameThatIsCutShortHasNoEnd() {
    byte[] frame = frame(5_000, true, true);
    for (int length = 0; length < frame.length; length++) {
      assertThat(ZstdFrame.length(ByteBuffer.wrap(frame, 0, length))).isEqualTo(-1);
    }
  }

  @Test
  void otherBytesAreNoFrame() {
    byte[] skippable = {0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 7};
    byte[] reservedBlock = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0x20, 1, 0b111, 0, 0, 0};

    assertThat(ZstdFrame.length(ByteBuffer.wrap(skippable))).isEqualTo(-1);
    assertThat(ZstdFrame.length(ByteBuffer.wrap(reservedBlock))).isEqualTo(-1);
    assertThat(ZstdFrame.length(ByteBuffer.wrap(new byte[512]))).isEqualTo(-1);
  }

  @Test
  void theLookStaysBehindThePositionAndMovesNothing() {
    byte[] frame = frame(300, false, true);
    ByteBuffer buffer = ByteBuffer.allocate(frame.length + 20).put(7, frame).position(7);

    assertThat(ZstdFrame.length(buffer)).isEqualTo(frame.length);
    assertThat(buffer.position()).isEqualTo(7);
  }

  private static byte[] frame(int contentBytes, boolean checksum, boolean contentSize) {
    return compress(Workbench.halfRandomBytes(contentBytes, contentBytes), checksum, contentSize);
  }

  private static byte[] compress(byte[] content, boolean checksum, boolean contentSize) {
    try (ZstdCompressCtx context = new ZstdCompressCtx()) {
      return context.setChecksum(checksum).setContentSize(contentSize).compress(content);
    }
  }
}
