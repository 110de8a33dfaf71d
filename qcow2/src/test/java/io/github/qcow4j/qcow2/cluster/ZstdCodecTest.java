package io.github.qcow4j.qcow2.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdCompressCtx;
import io.github.qcow4j.qcow2.cluster.ClusterCodec.BadStreamException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** How many zstd frames a cluster may be made of. */
final class ZstdCodecTest {

  private static final int CLUSTER_BYTES = 4096;

  /** A frame of one segment with a content size of 0, and its one block, empty and the last. */
  private static final byte[] EMPTY_FRAME = {
    0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0x20, 0, 1, 0, 0
  };

  private static void decode(int emptyFrames, ByteBuffer cluster) throws BadStreamException {
    byte[] content = new byte[CLUSTER_BYTES];
    Arrays.fill(content, (byte) 7);
    byte[] last;
    try (ZstdCompressCtx context = new ZstdCompressCtx()) {
      last = context.compress(content);
    }
    ByteBuffer stream = ByteBuffer.allocateDirect(emptyFrames * EMPTY_FRAME.length + last.length);
    for (int i = 0; i < emptyFrames; i++) {
      stream.put(EMPTY_FRAME);
    }
    try (ZstdCodec codec = new ZstdCodec()) {
      codec.decode(stream.put(last).flip(), cluster);
    }
  }

  @Test
  void aThousandFramesMakeACluster() throws BadStreamException {
    ByteBuffer cluster = ByteBuffer.allocateDirect(CLUSTER_BYTES);
    decode(ZstdCodec.MOST_FRAMES - 1, cluster);
    assertThat(cluster.hasRemaining()).isFalse();
    assertThat(cluster.get(CLUSTER_BYTES - 1)).isEqualTo((byte) 7);
  }

  /** Each is a call of the library's: a cluster of nothing else took a third of a second. */
  @Test
  void moreThanAThousandFramesAreNoCluster() {
    ByteBuffer cluster = ByteBuffer.allocateDirect(CLUSTER_BYTES);
    assertThatThrownBy(() -> decode(ZstdCodec.MOST_FRAMES, cluster))
        .isInstanceOf(BadStreamException.class)
        .hasMessage("more than 1000 zstd frames in a cluster");
  }
}
