package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.measure.MeasureTarget;
import java.util.List;

/** What is to be measured, by {@code -O} and {@code -o}. */
final class MeasureTargets {

  private MeasureTargets() {}

  static MeasureTarget of(String format, List<String> lists) throws UsageException {
    return switch (format) {
      case "raw" -> {
        options(format, lists).size("size", 0);
        yield new MeasureTarget.Raw();
      }
      case "qcow2" -> qcow2(options(format, lists));
      default -> throw UsageException.wrongValue(UnknownFormat.refusal(format));
    };
  }

  private static FormatOptions options(String format, List<String> lists) throws UsageException {
    try {
      return new FormatOptions(format, lists);
    } catch (UsageException e) {
      throw e.followedBy("Invalid options for file format '" + format + "'");
    }
  }

  private static MeasureTarget qcow2(FormatOptions options) throws UsageException {
    String encryption = options.firstBeginning("encrypt.");
    if (encryption != null) {
      throw UsageException.wrongValue(
          "Option '" + encryption + "' is not supported: images cannot be encrypted");
    }
    options.flag("lazy_refcounts");
    options.flag("data_file_raw");
    boolean extendedL2 = options.flag("extended_l2");
    int clusterBits = clusterBits(options, extendedL2);
    int version = version(options);
    return new MeasureTarget.Qcow2(
        version,
        clusterBits,
        refcountOrder(options, version),
        extendedL2,
        preallocation(options),
        options.text("backing_file") != null);
  }

  private static int clusterBits(FormatOptions options, boolean extendedL2) throws UsageException {
    long bytes = options.size("cluster_size", 65536);
    boolean fits =
        bytes >= 1 << FormatLimits.MIN_CLUSTER_BITS && bytes <= 1 << FormatLimits.MAX_CLUSTER_BITS;
    if (!fits || Long.bitCount(bytes) != 1) {
      throw UsageException.wrongValue("Cluster size must be a power of two between 512 and 2048k");
    }
    int bits = Long.numberOfTrailingZeros(bytes);
    if (extendedL2 && bits < FormatLimits.MIN_EXTENDED_L2_CLUSTER_BITS) {
      throw UsageException.wrongValue(
          "Extended L2 entries are only supported with cluster sizes of at least 16384 bytes");
    }
    return bits;
  }

  private static int version(FormatOptions options) throws UsageException {
    String compat = options.text("compat");
    return switch (compat) {
      case null -> 3;
      case "0.10", "v2" -> 2;
      case "1.1", "v3" -> 3;
      default -> throw UsageException.wrongValue("Invalid compatibility level: '" + compat + "'");
    };
  }

  private static int refcountOrder(FormatOptions options, int version) throws UsageException {
    long bits = options.number("refcount_bits", 16);
    if (bits < 1 || bits > 64 || Long.bitCount(bits) != 1) {
      throw UsageException.wrongValue(
          "Refcount width must be a power of two and may not exceed 64 bits");
    }
    if (version < 3 && bits != 16) {
      throw UsageException.wrongValue(
          "Different refcount widths than 16 bits require compatibility level 1.1 or above (use"
              + " compat=1.1 or greater)");
    }
    return Long.numberOfTrailingZeros(bits);
  }

  private static Preallocation preallocation(FormatOptions options) throws UsageException {
    String value = options.text("preallocation");
    return switch (value) {
      case null -> Preallocation.OFF;
      case "off" -> Preallocation.OFF;
      case "metadata" -> Preallocation.METADATA;
      case "falloc" -> Preallocation.FALLOC;
      case "full" -> Preallocation.FULL;
      default -> throw UsageException.wrongValue("invalid parameter value: " + value);
    };
  }
}
