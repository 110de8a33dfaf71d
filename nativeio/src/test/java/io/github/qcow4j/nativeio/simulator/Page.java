package io.github.qcow4j.nativeio.simulator;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/** Some bytes of a file that never change, so that any number of contents can share them. */
final class Page {

  static final int BYTES = 4096;

  /** No storage: reads as zeros. */
  static final Page HOLE = new Page(new byte[BYTES]);

  /** Zeros that take storage. */
  static final Page ZEROS = new Page(new byte[BYTES]);

  private final byte[] bytes;

  /** 0 when not known yet; threads that race for it find the same. */
  private long hash;

  private Page(byte[] bytes) {
    this.bytes = bytes;
  }

  boolean isHole() {
    return this == HOLE;
  }

  /** How many pages of storage this is. */
  int storage() {
    return isHole() ? 0 : 1;
  }

  void copyTo(ByteBuffer target, int from, int length) {
    target.put(bytes, from, length);
  }

  /** This page with other bytes from a position on. */
  Page with(int at, ByteBuffer source, int sourcePosition, int length) {
    byte[] changed = length == BYTES ? new byte[BYTES] : bytes.clone();
    source.get(sourcePosition, changed, at, length);
    return new Page(changed);
  }

  /** This page with bytes of another at the same place. */
  Page with(Page other, int from, int to) {
    if (from == 0 && to == BYTES) {
      return other;
    }
    byte[] changed = bytes.clone();
    System.arraycopy(other.bytes, from, changed, from, to - from);
    return new Page(changed);
  }

  /** This page with some sectors of another. */
  Page with(Page other, BitSet sectors, int sectorBytes) {
    if (sectors.isEmpty()) {
      return this;
    } else if (sectors.cardinality() * sectorBytes == BYTES) {
      return other;
    }
    byte[] changed = bytes.clone();
    sectors.stream()
        .map(sector -> sector * sectorBytes)
        .forEach(at -> System.arraycopy(other.bytes, at, changed, at, sectorBytes));
    return new Page(changed);
  }

  /** A number for these bytes at this place; 0 for zeros, whether they take storage or not. */
  long hashAt(long index) {
    if (this == HOLE || this == ZEROS) {
      return 0;
    }
    long known = hash;
    if (known == 0) {
      known = computeHash();
      hash = known;
    }
    return known == 1 ? 0 : mix(known ^ mix(index));
  }

  private long computeHash() {
    if (Arrays.equals(bytes, ZEROS.bytes)) {
      return 1;
    }
    long sum = 0;
    ByteBuffer words = ByteBuffer.wrap(bytes);
    for (int at = 0; at < BYTES; at += Long.BYTES) {
      sum = (sum ^ words.getLong(at)) * 0x9e3779b97f4a7c15L;
      sum ^= sum >>> 29;
    }
    return sum == 0 || sum == 1 ? 2 : sum;
  }

  /** Spreads the bits of a number over all 64 (the finalizer of SplitMix64). */
  static long mix(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
