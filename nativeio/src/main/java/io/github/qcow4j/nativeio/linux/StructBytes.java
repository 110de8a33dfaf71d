package io.github.qcow4j.nativeio.linux;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The fields of the kernel's structures, by their offsets. Through a buffer: a segment's own
 * accessors go through method handles, which the JVM spins anew at every start, for each type of
 * field some milliseconds.
 */
public final class StructBytes {

  private StructBytes() {}

  /** A view of the structure in the machine's byte order. */
  public static ByteBuffer of(MemorySegment struct) {
    return struct.asByteBuffer().order(ByteOrder.nativeOrder());
  }
}
