package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.rewrite.RewriteRequest;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes of the options of {@code amend} what is to change, and refuses in {@code qemu-img}'s words
 * what cannot be changed.
 */
final class AmendChoice {

  private static final int MAX_REFCOUNT_BITS = 64;

  private final Qcow2Header header;
  private final FormatOptions options;

  AmendChoice(Qcow2Image image, FormatOptions options) {
    this.header = image.header();
    this.options = options;
  }

  /** What is to change by writing the image anew, and what besides. */
  RewriteRequest rewriting(int compressionLevel) throws UsageException, CommandFailure {
    RewriteRequest request = RewriteRequest.SAME.with(request());
    if (options.text("cluster_size") != null) {
      request = request.withClusterBits(Qcow2Options.clusterBits(options.size("cluster_size", 0)));
    }
    CompressionType type = header.compressionType();
    if (options.text("compression_type") != null) {
      type = Qcow2Options.compressionType(options.text("compression_type"));
      request = request.withCompressionType(type);
    }
    if (options.text("extended_l2") != null) {
      request = request.withExtendedL2(options.flag("extended_l2"));
    }
    CompressionLevel.require(compressionLevel, type);
    return request.withCompressionLevel(compressionLevel);
  }

  private AmendRequest request() throws CommandFailure {
    if (options.firstBeginning("encrypt.") != null) {
      throw new CommandFailure(1, "Can't amend encryption options - encryption not present");
    }
    AmendRequest request = AmendRequest.NOTHING;
    String compat = options.text("compat");
    if (compat != null) {
      request = request.withVersion(version(compat));
    }
    request = withDataFile(request);
    if (options.text("lazy_refcounts") != null) {
      request = request.withLazyRefcounts(options.flag("lazy_refcounts"));
    }
    if (options.text("refcount_bits") != null) {
      request = request.withRefcountOrder(refcountOrder(options.number("refcount_bits", 0)));
    }
    refuseBackingFile();
    return withSize(request);
  }

  private static int version(String compat) throws CommandFailure {
    return switch (compat) {
      case "0.10", "v2" -> 2;
      case "1.1", "v3" -> 3;
      default -> throw new CommandFailure(1, "Unknown compatibility level " + compat);
    };
  }

  private static int refcountOrder(long bits) throws CommandFailure {
    if (bits <= 0 || bits > MAX_REFCOUNT_BITS || Long.bitCount(bits) != 1) {
      throw new CommandFailure(
          1, "Refcount width must be a power of two and may not exceed 64 bits");
    }
    return Long.numberOfTrailingZeros(bits);
  }

  private AmendRequest withDataFile(AmendRequest request) throws CommandFailure {
    AmendRequest changed = request;
    String dataFile = options.text("data_file");
    if (dataFile != null) {
      if (!header.has(Feature.EXTERNAL_DATA_FILE)) {
        throw new CommandFailure(
            1, "data-file can only be set for images that use an external data file");
      }
      changed = changed.withDataFileName(dataFile);
    }
    if (options.text("data_file_raw") != null) {
      if (!options.flag("data_file_raw")) {
        changed = changed.withoutRawDataFile();
      } else if (!header.has(Feature.RAW_EXTERNAL_DATA)) {
        throw new CommandFailure(1, "data-file-raw cannot be set on existing images");
      }
    }
    return changed;
  }

  /** To name the backing file that there is already is to change nothing. */
  private void refuseBackingFile() throws CommandFailure {
    String file = options.text("backing_file");
    String format = options.text("backing_fmt");
    if (file == null && format == null) {
      return;
    }
    if (!same(file, header.backingFileName())
        || !same(format, header.extensions().backingFormat())) {
      throw new CommandFailure(
          1, "Cannot amend the backing file", "You can use 'qemu-img rebase' instead.", null);
    }
  }

  private static boolean same(@Nullable String wanted, @Nullable String stored) {
    return Objects.equals(wanted, stored);
  }

  private AmendRequest withSize(AmendRequest request) throws CommandFailure {
    long size = options.size("size", 0);
    if (size == 0) {
      return request;
    }
    if (size < 0) {
      throw new CommandFailure(1, "Image size cannot be negative");
    }
    if (size % FormatLimits.SECTOR_BYTES != 0) {
      throw new CommandFailure(1, "The new size must be a multiple of 512");
    }
    return request.withSize(size);
  }
}
