package io.github.qcow4j.nativeio.support;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;

/** The arguments that every provider accepts, checked the same way by all of them. */
public final class Arguments {

  private Arguments() {}

  /** Refuses a negative position. */
  public static void checkOffset(long offset) {
    if (offset < 0) {
      throw new IllegalArgumentException("negative position: " + offset);
    }
  }

  /** Refuses a negative position or length, and a range that ends past the largest offset. */
  public static void checkRange(long offset, long lengthBytes) {
    checkOffset(offset);
    if (lengthBytes < 0 || lengthBytes > Long.MAX_VALUE - offset) {
      throw new IllegalArgumentException("bad range: " + offset + "+" + lengthBytes);
    }
  }

  /** Refuses what {@link #checkRange} does, and an empty range: to the kernel it means "all". */
  public static void checkLockRange(long startByte, long lengthBytes) {
    checkRange(startByte, lengthBytes);
    if (lengthBytes == 0) {
      throw new IllegalArgumentException("empty range");
    }
  }

  /** Refuses a buffer that cannot be read into. */
  public static void checkWritable(ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new ReadOnlyBufferException();
    }
  }
}
