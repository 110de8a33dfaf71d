package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.ObjectOption;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.ReferenceChoice;
import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The options about opening images that all image commands have, and the opening itself. Used by
 * one command, by its thread.
 */
final class ImageAccess {

  /**
   * All that reads an image here goes through it once, from front to back, and is soon done with a
   * table. Held longer than the JVM's young generation, tables would pile up in the old one: a map
   * of 8 TiB with all metadata takes 460 MiB of memory with 16 MiB of tables, and 90 MiB with this.
   */
  private static final long WALK_CACHE_BYTES = 2 << 20;

  /**
   * As many as {@code qemu-img convert} starts. More were never measured, for want of such a
   * machine, and each costs 2 to 4 MiB of buffers.
   */
  private static final int MAX_READING_THREADS = 8;

  static final Option FORMAT = Option.value('f', "format", "FMT", "the image's format");
  static final Option FORCE_SHARE =
      Option.flag('U', "force-share", "open the image even while somebody writes to it");
  static final Option IMAGE_OPTS =
      Option.flag("image-opts", "the image is given as key=value,... (driver, file.filename)");
  static final Option OBJECT =
      Option.value("object", "OBJECT", "secret,id=ID,...: accepted; encrypted images are refused");
  static final Option QUIET = Option.flag('q', "quiet", "say nothing but errors");
  static final Option PROGRESS = Option.flag('p', "progress", "show how far the work is");
  static final Option REFERENCES =
      Option.extension(
          "references",
          "POLICY",
          "which files the image may lead to: deny, same-dir, under=DIR, allow");
  static final Option MAX_CHAIN =
      Option.extension("max-chain", "N", "how many layers a chain may have, 256 if not given");
  static final Option MAX_SIZE =
      Option.extension("max-size", "SIZE", "the largest virtual size to accept");

  private static final Set<String> CACHE_MODES =
      Set.of("none", "off", "directsync", "writeback", "unsafe", "writethrough");

  private final Console console;
  private final int failureExitCode;
  private final ObjectOption objects = new ObjectOption();
  private boolean described;
  private boolean forceShare;
  private @Nullable String references;
  private int maxChain = ImageOptions.DEFAULT_MAX_CHAIN_LAYERS;
  private long maxSize = Long.MAX_VALUE;
  private ImageOptions.Sharing sharing = ImageOptions.Sharing.DEFAULT;

  /**
   * @param console what surrounds the call
   * @param failureExitCode what the program ends with when an image cannot be opened
   */
  ImageAccess(Console console, int failureExitCode) {
    this.console = console;
    this.failureExitCode = failureExitCode;
  }

  /** Takes an option of those here; those that are none of them are a command's own business. */
  void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "force-share" -> forceShare = true;
      case "image-opts" -> described = true;
      case "object" -> objects.add(value);
      case "references", "max-chain", "max-size" -> acceptLimit(option, value);
      default -> throw new IllegalStateException("nobody takes the option " + option);
    }
  }

  /** A limit that is not understood is no answer to what the command was asked. */
  private void acceptLimit(String option, String value) throws CommandFailure {
    try {
      switch (option) {
        case "references" -> {
          var _ = ReferenceChoice.of(ReferencePolicy.deny(), value, null);
          references = value;
        }
        case "max-chain" -> maxChain = maxChain(value);
        default -> maxSize = SizeText.parse("maximum virtual size", value);
      }
    } catch (UsageException e) {
      throw new CommandFailure(failureExitCode, String.valueOf(e.getMessage()));
    }
  }

  /** Keeps writers away from raw images too, as convert does for what it reads. */
  void excludeWriters() {
    sharing = ImageOptions.Sharing.EXCLUDE_WRITERS;
  }

  /** Whether {@code --image-opts} is given. */
  boolean isDescribed() {
    return described;
  }

  /** The image that the user's words name. */
  ImageName name(String text, @Nullable String format) throws UsageException, CommandFailure {
    ImageNames names = new ImageNames(failureExitCode);
    if (!described) {
      return names.plain(text, format);
    }
    if (format != null) {
      throw UsageException.wrongValue("--image-opts and --format are mutually exclusive");
    }
    return names.described(text);
  }

  /**
   * How many threads read images to look at what they hold: one for each processor, and two where
   * there is one, so that it has something to do while a disk is waited for.
   */
  static int readingThreads() {
    return Math.clamp(Runtime.getRuntime().availableProcessors(), 2, MAX_READING_THREADS);
  }

  /** Opens an image with its chain. */
  DiskImage open(ImageName name) throws UsageException, CommandFailure {
    try {
      ImageOptions options = options(name).withL2CacheBytes(WALK_CACHE_BYTES);
      return DiskImages.open(console.volume(), name.path(), policy(), options);
    } catch (IOException e) {
      throw console.errorText().couldNotOpen(failureExitCode, name.given(), e);
    }
  }

  /** Opens an image with its chain, to change it. */
  DiskImage openWriting(ImageName name) throws UsageException, CommandFailure {
    return openWriting(name, policy(), options(name));
  }

  /** Opens the named file alone, to change what it holds besides guest data. */
  DiskImage openAlone(ImageName name) throws CommandFailure {
    return openWriting(name, ReferencePolicy.deny(), options(name).withMetadataOnly());
  }

  private DiskImage openWriting(ImageName name, ReferencePolicy policy, ImageOptions options)
      throws CommandFailure {
    if (forceShare) {
      throw new CommandFailure(
          failureExitCode,
          "Could not open '"
              + name.given()
              + "': force-share=on can only be used with read-only images");
    }
    // Whoever stops the program waits a few seconds for a change that is under way, also for one
    // that cannot be stopped.
    JobControl _ = console.startJob();
    try {
      DiskImage image =
          DiskImages.open(console.volume(), name.path(), policy, options.withWriting());
      if (name.format() == null && image.format() == ImageFormat.RAW) {
        warnOfGuess(name);
      }
      return image;
    } catch (IOException e) {
      throw console.errorText().couldNotOpen(failureExitCode, name.given(), e);
    }
  }

  /** Opens the named file alone, to change its header. */
  DiskImage openHeader(ImageName name) throws CommandFailure {
    try {
      return DiskImages.open(
          console.volume(),
          name.path(),
          ReferencePolicy.deny(),
          options(name).withMetadataOnly().withWriting());
    } catch (IOException e) {
      throw console.errorText().couldNotOpen(failureExitCode, name.given(), e);
    }
  }

  /** A guest could have written something else there than what a raw disk begins with. */
  private void warnOfGuess(ImageName name) {
    console.hint(
        "WARNING: Image format was not specified for '"
            + name.file()
            + "' and probing guessed raw.");
    console.hint(
        "         Automatically detecting the format is dangerous for raw images, write"
            + " operations on block 0 will be restricted.");
    console.hint("         Specify the 'raw' format explicitly to remove the restrictions.");
  }

  /** Opens the named file alone, for its metadata. */
  DiskImage openMetadata(ImageName name) throws CommandFailure {
    try {
      return DiskImages.open(
          console.volume(), name.path(), ReferencePolicy.deny(), options(name).withMetadataOnly());
    } catch (IOException e) {
      throw console.errorText().couldNotOpen(failureExitCode, name.given(), e);
    }
  }

  /** Which files an image may lead to. */
  ReferencePolicy policy() throws UsageException {
    return ReferenceChoice.of(
        ReferencePolicy.allowAndProbe(), references, console.environment(ReferenceChoice.VARIABLE));
  }

  /**
   * The same, for a backing file that the user names for an image, which is no reference of that
   * image yet: it is opened like the image itself. What it names in its turn is one.
   *
   * @param image the image that is to stand on it
   * @param backing its name, as the user gave it
   */
  ReferencePolicy policyForNamed(ImageName image, String backing) throws UsageException {
    return ReferenceChoice.admittingNamed(policy(), image.path(), backing);
  }

  /** Which files an image may lead to, when the user said so; else null. */
  @Nullable ReferencePolicy statedPolicy() throws UsageException {
    return references == null ? null : policy();
  }

  /** How many layers a chain may have. */
  int maxChainLayers() {
    return maxChain;
  }

  /** The largest virtual size to accept. */
  long maxVirtualSize() {
    return maxSize;
  }

  /** Refuses a disk larger than the user accepts. */
  void requireSize(long virtualSize) throws CommandFailure {
    requireSize("", virtualSize);
  }

  /** The same, with words before the reason. */
  void requireSize(String what, long virtualSize) throws CommandFailure {
    if (virtualSize > maxSize) {
      throw new CommandFailure(
          failureExitCode,
          what + "Virtual size " + virtualSize + " exceeds the allowed " + maxSize + " bytes");
    }
  }

  /** How to open an image. */
  ImageOptions options(ImageName name) {
    ImageOptions options =
        name.format() == null ? ImageOptions.probing() : ImageOptions.of(name.format());
    return options
        .withSharing(forceShare ? ImageOptions.Sharing.FORCE_SHARE : sharing)
        .withMaxChainLayers(maxChain)
        .withMaxVirtualSize(maxSize)
        .withDataFile(name.dataFile())
        .withRepairs(finding -> console.hint(finding.message()));
  }

  /** Checks the name of a cache mode; all of them read and write the same bytes here. */
  void requireCacheMode(String kind, String mode) throws CommandFailure {
    if (!isCacheMode(mode)) {
      throw new CommandFailure(failureExitCode, "Invalid " + kind + " option: " + mode);
    }
  }

  /** Whether there is a cache mode of that name. */
  static boolean isCacheMode(String mode) {
    return CACHE_MODES.contains(mode);
  }

  private static int maxChain(String text) throws UsageException {
    try {
      int layers = Integer.parseInt(text);
      if (layers >= 1) {
        return layers;
      }
    } catch (NumberFormatException e) {
      // Said below, for all that is no number of layers.
    }
    throw UsageException.wrongValue("--max-chain must be a number of layers, not '" + text + "'");
  }
}
