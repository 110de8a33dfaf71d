package io.github.qcow4j.qcow2.testing;

/** One counter of a refcount block, of any width (qcow2 specification, "Reference counting"). */
record RefcountCell(HostBytes bytes, long blockOffset, long index, int widthBits) {

  long get() {
    if (blockOffset == 0) {
      return 0;
    }
    if (widthBits >= 8) {
      return bytes.number(position(), widthBits / 8);
    }
    return bytes.number(position(), 1) >> shift() & mask();
  }

  void set(long count) {
    if (blockOffset == 0) {
      throw new IllegalStateException("no refcount block for counter " + index);
    }
    if (widthBits >= 8) {
      bytes.setNumber(position(), widthBits / 8, count);
      return;
    }
    long others = bytes.number(position(), 1) & ~(mask() << shift());
    bytes.setNumber(position(), 1, others | (count & mask()) << shift());
  }

  private long position() {
    return blockOffset + index * widthBits / 8;
  }

  /** Counters narrower than a byte fill it from its least significant bit. */
  private int shift() {
    return Math.toIntExact(index * widthBits % 8);
  }

  private long mask() {
    return (1L << widthBits) - 1;
  }
}
