package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;

/** Bytes for tests. */
public final class Bytes {

  private Bytes() {}

  /** Bytes without a zero among them, the same for the same seed. */
  public static byte[] random(int length, long seed) {
    Random random = new Random(seed);
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (1 + random.nextInt(255));
    }
    return bytes;
  }

  /** What a file holds in a range; what lies past its end is left out. */
  public static byte[] read(BlockFile file, long fileOffset, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    file.read(buffer, fileOffset);
    byte[] bytes = new byte[buffer.position()];
    buffer.flip().get(bytes);
    return bytes;
  }

  /** Writes all of the bytes. */
  public static void write(BlockFile file, byte[] bytes, long fileOffset) throws IOException {
    file.write(ByteBuffer.wrap(bytes), fileOffset);
  }
}
