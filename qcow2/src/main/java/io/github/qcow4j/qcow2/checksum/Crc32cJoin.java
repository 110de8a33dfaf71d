package io.github.qcow4j.qcow2.checksum;

/**
 * The CRC-32C of bytes that were looked at in parts.
 *
 * <p>A CRC is the remainder of a polynomial over GF(2), divided by that of RFC 3720 appendix B.4.
 * Bytes put behind others multiply what stood before by x to the eighth for each, so that a part's
 * remainder is carried over any distance by one multiplication. As in the CRC itself the
 * coefficient of x⁰ is an integer's highest bit.
 */
final class Crc32cJoin {

  private static final int POLYNOMIAL = 0x82f63b78;
  private static final int ONE = 1 << 31;
  private static final int X_TO_THE_8TH = ONE >>> 8;

  private Crc32cJoin() {}

  /**
   * The CRC of two parts, one behind the other.
   *
   * @param first the first part's, 0 when it has no bytes
   * @param second the second part's
   * @param secondBytes the second part's length, 0 or more
   */
  static int joined(int first, int second, long secondBytes) {
    // Both CRCs begin with, and are inverted by, all ones; these cancel each other out here.
    return product(first, power(secondBytes)) ^ second;
  }

  /** The CRC of so many zero bytes. */
  static int ofZeros(long lengthBytes) {
    return ~product(~0, power(lengthBytes));
  }

  /** The remainder of x to the eighth, as often as there are bytes. */
  private static int power(long bytes) {
    int power = ONE;
    int square = X_TO_THE_8TH;
    for (long left = bytes; left > 0; left >>>= 1) {
      if ((left & 1) != 0) {
        power = product(power, square);
      }
      square = product(square, square);
    }
    return power;
  }

  private static int product(int left, int right) {
    int sum = 0;
    int shifted = right;
    for (int i = Integer.SIZE - 1; i >= 0; i--) {
      if ((left >>> i & 1) != 0) {
        sum ^= shifted;
      }
      shifted = shifted >>> 1 ^ ((shifted & 1) != 0 ? POLYNOMIAL : 0);
    }
    return sum;
  }
}
