package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.header.CompressionType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The options of {@code convert}, taken and held against each other. Used once. */
final class ConvertArguments {

  static final OptionTable OPTIONS =
      OptionTable.of(
          Option.value('f', "source-format", "FMT", "the sources' format"),
          ImageAccess.IMAGE_OPTS,
          Option.value('T', "source-cache", "CACHE", "accepted; has no effect"),
          Option.value(
              'l', "snapshot", "SNAPSHOT", "convert this internal snapshot: its id, or its name"),
          Option.flag("bitmaps", "copy the source's bitmaps too"),
          Option.flag("skip-broken-bitmaps", "those aside that were not saved properly"),
          Option.flag("salvage", "go on where a source cannot be read, with zeros"),
          Option.value('O', "target-format", "FMT", "the target's format, raw if not given"),
          Option.flag("target-image-opts", "the target is given as key=value,..., with -n"),
          Option.value('o', "target-format-options", "OPTIONS", "options of the target's format"),
          Option.value(
              't',
              "target-cache",
              "CACHE",
              "unsafe: do not wait for the disk; else the target is durable"),
          Option.value('b', "backing", "FILE", "the target's backing file, with -F"),
          Option.value('B', "backing-file", "FILE", "the same under its older name"),
          Option.value('F', "backing-format", "FMT", "the format of that"),
          Option.value('S', "sparse-size", "SIZE", "runs of zeros so long become holes, 4k"),
          Option.flag('n', "no-create", "write into the target as it is"),
          Option.flag("target-is-zero", "the target reads as zeros already, with -n"),
          Option.flag('c', "compress", "compress clusters where that makes them smaller"),
          CompressionLevel.OPTION,
          ImageAccess.FORCE_SHARE,
          Option.value('r', "rate-limit", "RATE", "bytes to convert each second at most"),
          Option.value('m', "parallel", "N", "how many threads work at once, 1 to 16"),
          Option.flag('W', "oob-writes", "place clusters as they come, not in the disk's order"),
          Option.flag(
              'C', "copy-range-offloading", "let the kernel copy; look for no zeros in data"),
          ImageAccess.PROGRESS,
          ImageAccess.QUIET,
          ImageAccess.OBJECT,
          ImageAccess.REFERENCES,
          ImageAccess.MAX_CHAIN,
          ImageAccess.MAX_SIZE);

  private static final int DEFAULT_SPARSE_BYTES = 4096;

  private final ImageAccess access;
  private final List<String> targetOptions = new ArrayList<>();
  private @Nullable String sourceFormat;
  private @Nullable String targetFormat;
  private @Nullable SnapshotChoice snapshot;
  private @Nullable String targetCache;
  private @Nullable String sourceCache;
  private int sparseBytes = DEFAULT_SPARSE_BYTES;
  private int threads = ConvertOptions.DEFAULT.parallelism();
  private long bytesPerSecond;
  private boolean sparseGiven;
  private boolean salvage;
  private boolean bitmaps;
  private boolean skippingBrokenBitmaps;
  private boolean targetDescribed;
  private @Nullable String backingFile;
  private @Nullable String backingFormat;
  private int compressionLevel;
  private boolean creating = true;
  private boolean targetIsZero;
  private boolean compressed;
  private boolean offloading;
  private boolean inOrder = true;
  private boolean quiet;
  private boolean showingProgress;

  ConvertArguments(ImageAccess access) {
    this.access = access;
  }

  void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "source-format" -> sourceFormat = value;
      case "source-cache" -> sourceCache = value;
      case "snapshot" -> snapshot = SnapshotChoice.of(value);
      case "bitmaps" -> bitmaps = true;
      case "skip-broken-bitmaps" -> skippingBrokenBitmaps = true;
      case "salvage" -> salvage = true;
      case "target-format" -> targetFormat = value;
      case "target-image-opts" -> targetDescribed = true;
      case "target-format-options" -> {
        FormatOptions.requireList(value);
        targetOptions.add(value);
      }
      case "target-cache" -> targetCache = value;
      case "backing", "backing-file" -> backingFile = value;
      case "backing-format" -> backingFormat = value;
      case "sparse-size" -> sparseBytes = sparseBytes(value);
      case "no-create" -> creating = false;
      case "target-is-zero" -> targetIsZero = true;
      case "compress" -> compressed = true;
      case "compression-level" -> compressionLevel = CompressionLevel.parse(value);
      case "rate-limit" -> bytesPerSecond = SizeText.parse("rate limit", value);
      case "parallel" -> threads = threads(value);
      case "oob-writes" -> inOrder = false;
      case "copy-range-offloading" -> offloading = true;
      case "progress" -> showingProgress = true;
      case "quiet" -> quiet = true;
      default -> access.accept(option, value);
    }
    sparseGiven |= option.equals("sparse-size");
  }

  /** Holds the options against each other, in the order in which qemu-img does. */
  void check() throws UsageException, CommandFailure {
    if (access.isDescribed() && sourceFormat != null) {
      throw UsageException.wrongValue("--image-opts and --format are mutually exclusive");
    }
    refuseIf(skippingBrokenBitmaps && !bitmaps, "Use of --skip-broken-bitmaps requires --bitmaps");
    refuseIf(offloading && compressed, "Cannot enable copy offloading when -c is used");
    refuseIf(offloading && sparseGiven, "Cannot enable copy offloading when -S is used");
    refuseIf(offloading && salvage, "Cannot use copy offloading in salvaging mode");
    refuseIf(targetDescribed && creating, "--target-image-opts requires use of -n flag");
    refuseIf(
        !creating && !targetOptions.isEmpty(), "-o has no effect when skipping image creation");
    refuseIf(targetIsZero && creating, "--target-is-zero requires use of -n flag");
    refuseIf(compressionLevel > 0 && !compressed, "--compression-level requires use of -c flag");
  }

  void checkSourceCache() throws CommandFailure {
    if (sourceCache != null) {
      access.requireCacheMode("source cache", sourceCache);
    }
  }

  void checkTargetCache() throws CommandFailure {
    if (targetCache != null) {
      access.requireCacheMode("cache", targetCache);
    }
  }

  /** Whether the user gave up that the target is durable, in so many words. */
  boolean unsynced() {
    return "unsafe".equals(targetCache);
  }

  ConvertOptions options() {
    return new ConvertOptions(threads, sparseBytes, salvage, bytesPerSecond, offloading);
  }

  @Nullable String sourceFormat() {
    return sourceFormat;
  }

  @Nullable SnapshotChoice snapshot() {
    return snapshot;
  }

  /** The format given for the target, or null. */
  @Nullable String targetFormat() {
    return targetFormat;
  }

  List<String> targetOptions() {
    return targetOptions;
  }

  @Nullable String backingFile() {
    return backingFile;
  }

  @Nullable String backingFormat() {
    return backingFormat;
  }

  boolean compressed() {
    return compressed;
  }

  boolean bitmaps() {
    return bitmaps;
  }

  boolean skippingBrokenBitmaps() {
    return skippingBrokenBitmaps;
  }

  /** How clusters of a qcow2 target are stored. */
  Qcow2Targets.Storage storage(CompressionType type) throws UsageException {
    CompressionLevel.require(compressionLevel, type);
    return new Qcow2Targets.Storage(compressed, compressionLevel, inOrder);
  }

  boolean creating() {
    return creating;
  }

  boolean targetDescribed() {
    return targetDescribed;
  }

  boolean targetIsZero() {
    return targetIsZero;
  }

  boolean quiet() {
    return quiet;
  }

  boolean showingProgress() {
    return showingProgress && !quiet;
  }

  private static void refuseIf(boolean condition, String message) throws UsageException {
    if (condition) {
      throw UsageException.wrongValue(message);
    }
  }

  private static int sparseBytes(String text) throws UsageException {
    long bytes = SizeText.parse("buffer size for sparse output", text);
    if (bytes > ConvertOptions.MAX_SPARSE_BYTES || bytes % 512 != 0) {
      throw UsageException.wrongValue(
          "Invalid buffer size for sparse output specified. Valid sizes are multiples of 512 up to "
              + ConvertOptions.MAX_SPARSE_BYTES
              + ". Select 0 to disable sparse detection (fully allocates output).");
    }
    return (int) bytes;
  }

  private static int threads(String text) throws UsageException {
    try {
      int threads = Integer.decode(text.stripLeading());
      if (threads >= 1 && threads <= ConvertOptions.MAX_PARALLELISM) {
        return threads;
      }
    } catch (NumberFormatException e) {
      // Said below, for all that is no number of threads.
    }
    throw UsageException.wrongValue(
        "Invalid number of coroutines. Allowed number of coroutines is between 1 and "
            + ConvertOptions.MAX_PARALLELISM);
  }
}
