package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.FormatLimits;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes of the options of a new qcow2 image what the image is to be. What does not fit together is
 * refused in the words, and in the order, in which {@code qemu-img} refuses it; the messages are
 * without the image's name.
 */
final class Qcow2Options {

  private static final String NEWER_VERSION =
      "compatibility level 1.1 and above (use version=v3 or greater)";

  private static final int STANDARD_REFCOUNT_BITS = 16;

  /** The names that QEMU 7.2 knows for formats and protocols of files. */
  private static final Set<String> DRIVERS =
      Set.of(
          "blkdebug",
          "bochs",
          "cloop",
          "dmg",
          "file",
          "ftp",
          "ftps",
          "gluster",
          "host_cdrom",
          "host_device",
          "http",
          "https",
          "iscsi",
          "luks",
          "nbd",
          "nfs",
          "null-aio",
          "null-co",
          "nvme",
          "parallels",
          "qcow",
          "qcow2",
          "qed",
          "quorum",
          "raw",
          "rbd",
          "replication",
          "ssh",
          "throttle",
          "vdi",
          "vhdx",
          "vmdk",
          "vpc",
          "vvfat");

  /** Whether QEMU 7.2 knows a format or protocol of that name. */
  static boolean isDriver(String name) {
    return DRIVERS.contains(name);
  }

  private final FormatOptions options;
  private final int version;
  private final Preallocation preallocation;
  private final CompressionType compressionType;
  private final boolean encrypted;

  /**
   * Understands what each option says.
   *
   * @param options the options
   */
  Qcow2Options(FormatOptions options) throws UsageException {
    this.options = options;
    this.version = version(options.text("compat"));
    String backingFormat = options.text("backing_fmt");
    refuseIf(
        backingFormat != null && !DRIVERS.contains(backingFormat), "backing-fmt", backingFormat);
    this.encrypted = checkEncryption(options);
    this.preallocation = preallocation(options.text("preallocation"));
    this.compressionType = compressionType(options.text("compression_type"));
  }

  /**
   * What the image is to be.
   *
   * @param sizeBytes the size of its disk; a last part of a sector becomes a whole one
   */
  ImageSpec spec(long sizeBytes) throws UsageException {
    boolean extendedL2 = options.flag("extended_l2");
    String backingName = options.text("backing_file");
    String backingFormat = options.text("backing_fmt");
    int clusterBits = clusterBits(extendedL2);
    refuseIf(
        preallocation != Preallocation.OFF && backingName != null && !extendedL2,
        "Backing file and preallocation can only be used at the same time if extended_l2 is on");
    refuseIf(
        backingFormat != null && backingName == null,
        "Backing format cannot be used without backing file");
    boolean lazyRefcounts = options.flag("lazy_refcounts");
    refuseIf(version < 3 && lazyRefcounts, "Lazy refcounts only supported with " + NEWER_VERSION);
    int refcountOrder = refcountOrder();
    ImageSpec.DataFile dataFile = dataFile(backingName);
    refuseIf(
        version < 3 && compressionType != CompressionType.ZLIB,
        "Non-zlib compression type is only supported with " + NEWER_VERSION);
    refuseIf(
        sizeBytes < 0 || sizeBytes > Long.MAX_VALUE - FormatLimits.SECTOR_BYTES,
        "Could not resize image: Image size cannot be negative");
    if (encrypted) {
      throw UsageException.wrongValue(
          options.text("encrypt.key-secret") == null
              ? "Parameter 'encrypt.key-secret' is required for cipher"
              : "Option '"
                  + (options.text("encrypt.format") == null ? "encryption" : "encrypt.format")
                  + "' is not supported: images cannot be encrypted");
    }
    return new ImageSpec(
        (sizeBytes + FormatLimits.SECTOR_BYTES - 1) & -FormatLimits.SECTOR_BYTES,
        version,
        clusterBits,
        refcountOrder,
        compressionType,
        extendedL2,
        lazyRefcounts,
        backingName,
        backingFormat,
        dataFile != null && dataFile.raw() && preallocation == Preallocation.OFF
            ? Preallocation.METADATA
            : preallocation,
        dataFile);
  }

  private static int version(@Nullable String compat) throws UsageException {
    return switch (compat) {
      case null -> 3;
      case "0.10", "v2" -> 2;
      case "1.1", "v3" -> 3;
      default -> throw notAccepted("version", compat);
    };
  }

  /** Whether encryption is wanted. */
  private static boolean checkEncryption(FormatOptions options) throws UsageException {
    String older = options.text("encryption");
    boolean olderOn = older != null && !older.equals("off");
    String format = options.text("encrypt.format");
    refuseIf(
        olderOn && format != null,
        "'encrypt.format' and its alias 'encryption' can't be used at the same time");
    refuseIf(olderOn && !"on".equals(older), "format", older);
    refuseIf(format != null && !format.equals("aes") && !format.equals("luks"), "format", format);
    refuseIf(
        format == null && !olderOn && options.firstBeginning("encrypt.") != null,
        "Parameter 'encrypt.format' is missing");
    return olderOn || format != null;
  }

  private static Preallocation preallocation(@Nullable String mode) throws UsageException {
    return switch (mode) {
      case null -> Preallocation.OFF;
      case "off" -> Preallocation.OFF;
      case "metadata" -> Preallocation.METADATA;
      case "falloc" -> Preallocation.FALLOC;
      case "full" -> Preallocation.FULL;
      default -> throw notAccepted("preallocation", mode);
    };
  }

  /** The compression type of that name, zlib when none is given. */
  static CompressionType compressionType(@Nullable String type) throws UsageException {
    return switch (type) {
      case null -> CompressionType.ZLIB;
      case "zlib" -> CompressionType.ZLIB;
      case "zstd" -> CompressionType.ZSTD;
      default -> throw notAccepted("compression-type", type);
    };
  }

  private int clusterBits(boolean extendedL2) throws UsageException {
    refuseIf(
        extendedL2 && version < 3, "Extended L2 entries are only supported with " + NEWER_VERSION);
    long bytes = options.size("cluster_size", 65536);
    int bits = clusterBits(bytes);
    refuseIf(
        extendedL2 && bits < FormatLimits.MIN_EXTENDED_L2_CLUSTER_BITS,
        "Extended L2 entries are only supported with cluster sizes of at least 16384 bytes");
    return bits;
  }

  /** The binary logarithm of a cluster size that there can be. */
  static int clusterBits(long bytes) throws UsageException {
    refuseIf(
        bytes < 1 << FormatLimits.MIN_CLUSTER_BITS
            || bytes > 1 << FormatLimits.MAX_CLUSTER_BITS
            || Long.bitCount(bytes) != 1,
        "Cluster size must be a power of two between 512 and 2048k");
    return Long.numberOfTrailingZeros(bytes);
  }

  private int refcountOrder() throws UsageException {
    long bits = options.number("refcount_bits", STANDARD_REFCOUNT_BITS);
    refuseIf(
        bits < 1 || bits > 64 || Long.bitCount(bits) != 1,
        "Refcount width must be a power of two and may not exceed 64 bits");
    refuseIf(
        version < 3 && bits != STANDARD_REFCOUNT_BITS,
        "Different refcount widths than 16 bits require compatibility level 1.1 or above (use"
            + " version=v3 or greater)");
    return Long.numberOfTrailingZeros(bits);
  }

  private ImageSpec.@Nullable DataFile dataFile(@Nullable String backingName)
      throws UsageException {
    String name = options.text("data_file");
    boolean raw = options.flag("data_file_raw");
    refuseIf(raw && name == null, "data-file-raw requires data-file");
    refuseIf(
        raw && backingName != null,
        "Backing file and data-file-raw cannot be used at the same time");
    refuseIf(
        name != null && version < 3,
        "External data files are only supported with " + NEWER_VERSION);
    if (name == null) {
      return null;
    }
    refuseIf(StoredName.isOfDirectory(name), "Could not create '" + name + "': Is a directory");
    return new ImageSpec.DataFile(name, raw);
  }

  private static void refuseIf(boolean condition, String message) throws UsageException {
    if (condition) {
      throw UsageException.wrongValue(message);
    }
  }

  private static void refuseIf(boolean condition, String parameter, @Nullable String value)
      throws UsageException {
    if (condition) {
      throw notAccepted(parameter, String.valueOf(value));
    }
  }

  private static UsageException notAccepted(String parameter, String value) {
    return UsageException.wrongValue(
        "Parameter '" + parameter + "' does not accept value '" + value + "'");
  }
}
