package io.github.qcow4j.qcow2.checksum;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class Crc32cJoinTest {

  private final Random random = new Random(20261129);

  @Test
  void twoPartsHaveTheCrcOfTheWhole() {
    for (int i = 0; i < 500; i++) {
      byte[] bytes = new byte[random.nextInt(5000)];
      random.nextBytes(bytes);
      int cut = random.nextInt(bytes.length + 1);
      int joined =
          Crc32cJoin.joined(
              crc(bytes, 0, cut), crc(bytes, cut, bytes.length - cut), bytes.length - cut);
      assertThat(joined).isEqualTo(crc(bytes, 0, bytes.length));
    }
  }

  @Test
  void zerosHaveTheCrcOfZeros() {
    for (int length : new int[] {0, 1, 2, 7, 8, 511, 512, 4096, 65_537, 1 << 20}) {
      assertThat(Crc32cJoin.ofZeros(length)).isEqualTo(crc(new byte[length], 0, length));
    }
  }

  @Test
  void zerosBeyondAnyArrayAreTheSameInOnePartAndInTwo() {
    long huge = (8L << 40) + 513;
    long first = 3L << 40;
    int inTwo =
        Crc32cJoin.joined(
            Crc32cJoin.ofZeros(first), Crc32cJoin.ofZeros(huge - first), huge - first);
    assertThat(inTwo).isEqualTo(Crc32cJoin.ofZeros(huge));
  }

  /** RFC 3720, appendix B.4: 32 bytes of zeros, most significant byte last there. */
  @Test
  void theExampleOfTheStandard() {
    assertThat(Crc32cJoin.ofZeros(32)).isEqualTo(0x8a9136aa);
  }

  private static int crc(byte[] bytes, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.wrap(bytes, offset, length));
    return (int) crc.getValue();
  }
}
