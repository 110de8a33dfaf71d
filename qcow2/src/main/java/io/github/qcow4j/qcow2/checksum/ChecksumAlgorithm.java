package io.github.qcow4j.qcow2.checksum;

import java.util.Arrays;
import java.util.Optional;

/** How a disk's bytes become a few. */
public enum ChecksumAlgorithm {

  /**
   * SHA-256 (FIPS 180-4) of all the disk's bytes: what {@code sha256sum} prints for the same disk
   * in a raw file. Nobody can make another disk with the same one. It goes through the bytes one
   * after the other, zeros included, on one processor.
   */
  SHA256("sha256"),

  /**
   * CRC-32C (Castagnoli, RFC 3720 appendix B.4) of all the disk's bytes: finds faults, not forgery.
   * On all processors, and zeros cost nothing, however many they are.
   */
  CRC32C("crc32c");

  private final String label;

  ChecksumAlgorithm(String label) {
    this.label = label;
  }

  /** Its name, in lower case. */
  public String label() {
    return label;
  }

  /** The algorithm of that name. */
  public static Optional<ChecksumAlgorithm> labelled(String label) {
    return Arrays.stream(values()).filter(each -> each.label.equals(label)).findFirst();
  }

  /** A new one, of no bytes yet. */
  ContentDigest newDigest() {
    return switch (this) {
      case SHA256 -> new SequentialDigest("SHA-256");
      case CRC32C -> new Crc32cDigest();
    };
  }
}
