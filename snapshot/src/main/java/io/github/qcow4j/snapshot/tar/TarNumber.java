package io.github.qcow4j.snapshot.tar;

import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import java.nio.charset.StandardCharsets;

/**
 * Numbers in the fields of a header: octal digits with spaces before and a space or NUL behind
 * (POSIX, pax utility, ustar interchange format), or binary with the first bit set (GNU tar manual,
 * Extensions to the archive format).
 */
final class TarNumber {

  private static final int BINARY = 0x80;
  private static final int BINARY_NEGATIVE = 0x40;

  private TarNumber() {}

  /**
   * Reads a number, {@code >= 0}.
   *
   * @param block where it stands
   * @param offset where the field begins
   * @param length how long the field is
   * @param what the field's name, for messages
   */
  static long read(byte[] block, int offset, int length, String what)
      throws DamagedTransferException {
    return (block[offset] & BINARY) != 0
        ? readBinary(block, offset, length, what)
        : readOctal(block, offset, length, what);
  }

  private static long readBinary(byte[] block, int offset, int length, String what)
      throws DamagedTransferException {
    if ((block[offset] & BINARY_NEGATIVE) != 0) {
      throw new DamagedTransferException("Invalid archive: the " + what + " is negative");
    }
    long value = block[offset] & (BINARY_NEGATIVE - 1);
    for (int i = 1; i < length; i++) {
      if (value >= 1L << (Long.SIZE - 1 - Byte.SIZE)) {
        throw new DamagedTransferException(
            "Invalid archive: the " + what + " is beyond all numbers");
      }
      value = value << Byte.SIZE | (block[offset + i] & 0xFF);
    }
    return value;
  }

  private static long readOctal(byte[] block, int offset, int length, String what)
      throws DamagedTransferException {
    int at = offset;
    int end = offset + length;
    while (at < end && block[at] == ' ') {
      at++;
    }
    long value = 0;
    int digits = 0;
    for (; at < end && block[at] >= '0' && block[at] <= '7'; at++, digits++) {
      value = value << 3 | (block[at] - '0');
    }
    boolean empty = digits == 0 && (at == end || block[at] == 0);
    boolean ended = digits > 0 && (at == end || block[at] == 0 || block[at] == ' ');
    if (!empty && !ended) {
      throw new DamagedTransferException("Invalid archive: the " + what + " is no number");
    }
    return value;
  }

  /** Whether a number has a place as octal digits and a NUL. */
  static boolean fitsOctal(long value, int length) {
    return value < 1L << (3 * (length - 1));
  }

  /** Writes a number, as octal digits where it fits, else binary. */
  static void write(byte[] block, int offset, int length, long value) {
    if (fitsOctal(value, length)) {
      String digits = Long.toOctalString(value);
      byte[] padded =
          ("0".repeat(length - 1 - digits.length()) + digits).getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(padded, 0, block, offset, padded.length);
      return;
    }
    long rest = value;
    for (int i = length - 1; i > 0; i--, rest >>>= Byte.SIZE) {
      block[offset + i] = (byte) rest;
    }
    block[offset] = (byte) BINARY;
  }
}
