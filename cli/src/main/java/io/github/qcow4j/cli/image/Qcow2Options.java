package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.FormatLimits;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a new qcow2 image is to be, by the options of {@code -o}. Refuses what does not go together
 * in the words and in the order of {@code qemu-img}.
 */
final class Qcow2Options {

  private static final long DEFAULT_CLUSTER_BYTES = 65536;
  private static final long DEFAULT_REFCOUNT_BITS = 16;
  private static final long MAX_REFCOUNT_BITS = 64;

  private final FormatOptions options;

  Qcow2Options(FormatOptions options) {
    this.options = options;
  }

  /**
   * The image wanted.
   *
   * @param sizeBytes its size, whatever the options say
   */
  ImageSpec spec(long sizeBytes) throws UsageException {
    int version = version();
    CompressionType compression = compressionType();
    String backing = options.text("backing_file");
    String backingFormat = backingFormat();
    boolean extendedL2 = options.flag("extended_l2");
    refuseIf(extendedL2 && version < 3, "Extended L2 entries are only supported with", version3());
    int clusterBits = clusterBits(extendedL2);
    refuseIf(
        backingFormat != null && backing == null,
        "Backing format cannot be used without backing file");
    boolean lazy = options.flag("lazy_refcounts");
    refuseIf(lazy && version < 3, "Lazy refcounts only supported with", version3());
    int refcountOrder = refcountOrder(version);
    refuseIf(
        compression != CompressionType.ZLIB && version < 3,
        "Non-zlib compression type is only supported with",
        version3());
    refuseWhatThereIsNot();
    return new ImageSpec(
        sizeBytes,
        version,
        clusterBits,
        refcountOrder,
        compression,
        extendedL2,
        lazy,
        backing,
        backingFormat);
  }

  private static String version3() {
    return " compatibility level 1.1 and above (use version=v3 or greater)";
  }

  private int version() throws UsageException {
    String compat = options.text("compat");
    return switch (compat) {
      case null -> 3;
      case "0.10", "v2" -> 2;
      case "1.1", "v3" -> 3;
      default -> throw unaccepted("version", compat);
    };
  }

  private CompressionType compressionType() throws UsageException {
    String type = options.text("compression_type");
    return switch (type) {
      case null -> CompressionType.ZLIB;
      case "zlib" -> CompressionType.ZLIB;
      case "zstd" -> CompressionType.ZSTD;
      default -> throw unaccepted("compression-type", type);
    };
  }

  private @Nullable String backingFormat() throws UsageException {
    String format = options.text("backing_fmt");
    if (format != null && ImageFormat.byLabel(format).isEmpty()) {
      throw unaccepted("backing-fmt", format);
    }
    return format;
  }

  private int clusterBits(boolean extendedL2) throws UsageException {
    long bytes = options.size("cluster_size", DEFAULT_CLUSTER_BYTES);
    boolean fits =
        bytes >= 1 << FormatLimits.MIN_CLUSTER_BITS && bytes <= 1 << FormatLimits.MAX_CLUSTER_BITS;
    refuseIf(
        !fits || Long.bitCount(bytes) != 1,
        "Cluster size must be a power of two between 512 and 2048k");
    int bits = Long.numberOfTrailingZeros(bytes);
    refuseIf(
        extendedL2 && bits < FormatLimits.MIN_EXTENDED_L2_CLUSTER_BITS,
        "Extended L2 entries are only supported with cluster sizes of at least 16384 bytes");
    return bits;
  }

  private int refcountOrder(int version) throws UsageException {
    long bits = options.number("refcount_bits", DEFAULT_REFCOUNT_BITS);
    refuseIf(
        bits < 1 || bits > MAX_REFCOUNT_BITS || Long.bitCount(bits) != 1,
        "Refcount width must be a power of two and may not exceed 64 bits");
    refuseIf(
        version < 3 && bits != DEFAULT_REFCOUNT_BITS,
        "Different refcount widths than 16 bits require compatibility level 1.1 or above (use"
            + " version=v3 or greater)");
    return Long.numberOfTrailingZeros(bits);
  }

  private void refuseWhatThereIsNot() throws UsageException {
    String encryption = options.firstBeginning("encrypt");
    refuseIf(
        encryption != null,
        "Option '" + encryption + "' is not supported: images cannot be encrypted");
    String preallocation = options.text("preallocation");
    if (preallocation != null
        && !List.of("off", "metadata", "falloc", "full").contains(preallocation)) {
      throw unaccepted("preallocation", preallocation);
    }
    refuseIf(
        preallocation != null && !preallocation.equals("off"),
        "Option 'preallocation' is not supported here");
    refuseIf(options.text("data_file") != null, "Option 'data_file' is not supported here");
    refuseIf(options.flag("data_file_raw"), "data-file-raw requires data-file");
  }

  private static void refuseIf(boolean condition, String... message) throws UsageException {
    if (condition) {
      throw UsageException.wrongValue(String.join("", message));
    }
  }

  private static UsageException unaccepted(String parameter, String value) {
    return UsageException.wrongValue(
        "Parameter '" + parameter + "' does not accept value '" + value + "'");
  }
}
