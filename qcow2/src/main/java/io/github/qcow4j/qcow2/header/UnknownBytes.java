package io.github.qcow4j.qcow2.header;

import java.util.Arrays;
import java.util.HexFormat;

/** Bytes of a header that nobody here understands, kept to be written back as they were. */
public final class UnknownBytes {

  /** No bytes. */
  public static final UnknownBytes NONE = new UnknownBytes(new byte[0]);

  private final byte[] bytes;

  private UnknownBytes(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Keeps a copy of {@code bytes}. */
  public static UnknownBytes of(byte[] bytes) {
    return bytes.length == 0 ? NONE : new UnknownBytes(bytes.clone());
  }

  /** The number of bytes. */
  public int length() {
    return bytes.length;
  }

  /** A copy of the bytes. */
  public byte[] toByteArray() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof UnknownBytes that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes);
  }
}
