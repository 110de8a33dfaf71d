package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

/**
 * An option of an image format, as it is given with {@code -o}.
 *
 * @param name its name
 * @param type what its value is
 * @param help what it says, in a few words
 */
record FormatOption(String name, Type type, String help) {

  private static final BigInteger SIZE_LIMIT = BigInteger.TWO.pow(64);

  /** What values are. */
  enum Type {
    TEXT("<str>"),
    FLAG("<bool (on/off)>"),
    NUMBER("<num>"),
    SIZE("<size>");

    private final String placeholder;

    Type(String placeholder) {
      this.placeholder = placeholder;
    }

    /** What stands for a value in help. */
    String placeholder() {
      return placeholder;
    }
  }

  /** The options of files, whatever their format. */
  static final List<FormatOption> FILE =
      List.of(
          new FormatOption("extent_size_hint", Type.SIZE, "Accepted; has no effect"),
          new FormatOption("nocow", Type.FLAG, "Accepted; has no effect"));

  /** The options of raw images. */
  static final List<FormatOption> RAW =
      List.of(
          new FormatOption(
              "preallocation", Type.TEXT, "What storage to take now: off, falloc, full"),
          new FormatOption("size", Type.SIZE, "Size of the virtual disk"));

  /** The options of qcow2 images. */
  static final List<FormatOption> QCOW2 =
      List.of(
          new FormatOption("backing_file", Type.TEXT, "Name of the backing file"),
          new FormatOption("backing_fmt", Type.TEXT, "Format of the backing file"),
          new FormatOption("cluster_size", Type.SIZE, "Size of a cluster, 512 to 2M"),
          new FormatOption("compat", Type.TEXT, "Version: v2 (0.10) or v3 (1.1)"),
          new FormatOption(
              "compression_type", Type.TEXT, "How clusters are compressed: zlib, zstd"),
          new FormatOption("data_file", Type.TEXT, "Name of a file for the guest's data"),
          new FormatOption("data_file_raw", Type.FLAG, "That file is always a raw image too"),
          new FormatOption("encrypt.cipher-alg", Type.TEXT, "Refused, as all encryption"),
          new FormatOption("encrypt.cipher-mode", Type.TEXT, "Refused"),
          new FormatOption("encrypt.format", Type.TEXT, "Refused"),
          new FormatOption("encrypt.hash-alg", Type.TEXT, "Refused"),
          new FormatOption("encrypt.iter-time", Type.NUMBER, "Refused"),
          new FormatOption("encrypt.ivgen-alg", Type.TEXT, "Refused"),
          new FormatOption("encrypt.ivgen-hash-alg", Type.TEXT, "Refused"),
          new FormatOption("encrypt.key-secret", Type.TEXT, "Refused"),
          new FormatOption("encryption", Type.FLAG, "Refused"),
          new FormatOption("extended_l2", Type.FLAG, "32 subclusters in each cluster"),
          new FormatOption("lazy_refcounts", Type.FLAG, "Refcount updates may be postponed"),
          new FormatOption(
              "preallocation", Type.TEXT, "What to take now: off, metadata, falloc, full"),
          new FormatOption("refcount_bits", Type.NUMBER, "Width of a refcount, 1 to 64"),
          new FormatOption("size", Type.SIZE, "Size of the virtual disk"));

  /** The option of that name in a list. */
  static Optional<FormatOption> find(List<FormatOption> options, String name) {
    return options.stream().filter(option -> option.name.equals(name)).findFirst();
  }

  /** Refuses a value that is not of the type. */
  void requireType(String value) throws UsageException {
    switch (type) {
      case TEXT -> {}
      case FLAG -> flag(value);
      case NUMBER -> number(value);
      case SIZE -> size(value);
    }
  }

  /** What a flag's value says. */
  boolean flag(String value) throws UsageException {
    return switch (value) {
      case "on", "yes", "true", "y" -> true;
      case "off", "no", "false", "n" -> false;
      default -> throw UsageException.wrongValue("Parameter '" + name + "' expects 'on' or 'off'");
    };
  }

  /** The value of a size; one beyond all images becomes the largest there is. */
  long size(String value) throws UsageException {
    String digits = value.startsWith("+") ? value.substring(1) : value;
    if (!digits.isEmpty() && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      BigInteger bytes = new BigInteger(digits);
      if (bytes.compareTo(SIZE_LIMIT) >= 0) {
        throw UsageException.wrongValue(
            "Value '" + value + "' is out of range for parameter '" + name + "'");
      }
      return bytes.bitLength() > 63 ? Long.MAX_VALUE : bytes.longValueExact();
    }
    try {
      return SizeText.parse(name, value);
    } catch (UsageException e) {
      throw UsageException.wrongValue(
          "Parameter '" + name + "' expects a non-negative number below 2^64",
          "Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\n"
              + "and exabytes, respectively.");
    }
  }

  /** The value of a whole number, its lowest 64 bits where it is negative. */
  long number(String value) throws UsageException {
    BigInteger number;
    try {
      boolean hex = value.startsWith("0x") || value.startsWith("0X");
      number = hex ? new BigInteger(value.substring(2), 16) : new BigInteger(value);
    } catch (NumberFormatException e) {
      throw UsageException.wrongValue("Parameter '" + name + "' expects a number");
    }
    if (number.abs().compareTo(SIZE_LIMIT) >= 0) {
      throw UsageException.wrongValue(
          "Value '" + value + "' is too large for parameter '" + name + "'");
    }
    return number.longValue();
  }
}
