package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.convert.StreamFile;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;

/**
 * Opens what {@code convert} writes to, and refuses what it cannot be, in the order of {@code
 * qemu-img}. Used once; what it opened besides the target is closed with it.
 */
final class ConvertTargets implements AutoCloseable {

  private static final String RAW = "raw";
  private static final String QCOW2 = "qcow2";

  private final Console console;
  private final ImageAccess access;
  private final ConvertArguments arguments;
  private @Nullable DiskImage backing;

  ConvertTargets(Console console, ImageAccess access, ConvertArguments arguments) {
    this.console = console;
    this.access = access;
    this.arguments = arguments;
  }

  /** Opens the target for these sources. */
  Destination open(String name, OpenSources sources)
      throws UsageException, CommandFailure, IOException {
    return arguments.creating() ? create(name, sources) : Destination.of(existing(name, sources));
  }

  /** Where the target is written: with {@code -t unsafe} nothing of it is waited for. */
  private Volume volume() {
    return arguments.unsynced() ? Volumes.unsynced(console.volume()) : console.volume();
  }

  private Destination create(String text, OpenSources sources)
      throws UsageException, CommandFailure, IOException {
    String format = arguments.targetFormat() == null ? RAW : arguments.targetFormat();
    refuseIf(!format.equals(RAW) && !format.equals(QCOW2), UnknownFormat.refusal(format));
    ImageName name = new ImageNames(1).toCreate(text);
    FormatOptions options = new FormatOptions(format, arguments.targetOptions());
    takeBacking(format, options);
    refuseBackingOfMany(options.text("backing_file"), sources);
    refuseIf(
        options.text("backing_file") != null && options.text("backing_fmt") == null,
        "Use of backing file requires explicit backing format");
    refuseCompression(format, options);
    sources.checkBitmaps(arguments);
    return format.equals(RAW)
        ? createRaw(name, options, sources)
        : createQcow2(name, options, sources);
  }

  private void takeBacking(String format, FormatOptions options) throws UsageException {
    if (arguments.backingFile() != null) {
      refuseIf(format.equals(RAW), "Backing file not supported for file format 'raw'");
      options.set("backing_file", arguments.backingFile());
    }
    if (arguments.backingFormat() != null) {
      refuseIf(format.equals(RAW), "Backing file format not supported for file format 'raw'");
      options.set("backing_fmt", arguments.backingFormat());
    }
  }

  private static void refuseBackingOfMany(@Nullable String backingFile, OpenSources sources)
      throws UsageException {
    refuseIf(
        backingFile != null && sources.disks().size() > 1,
        "Having a backing file for the target makes no sense when concatenating multiple input"
            + " images");
  }

  private void refuseCompression(String format, FormatOptions options) throws UsageException {
    if (arguments.compressed()) {
      refuseIf(format.equals(RAW), "Compression not supported for this file format");
      refuseIf(
          options.flag("encryption") || options.text("encrypt.format") != null,
          "Compression and encryption not supported at the same time");
      String preallocation = options.text("preallocation");
      refuseIf(
          preallocation != null && !preallocation.equals("off"),
          "Compression and preallocation not supported at the same time");
    }
  }

  /**
   * In the words of {@code qemu-img}, which fails at the first cluster it writes; the library would
   * refuse it in others.
   */
  private void refuseCompressionBesideData(boolean externalDataFile) throws CommandFailure {
    if (arguments.compressed()
        && externalDataFile
        && console.personality() == Personality.QEMU_IMG) {
      throw new CommandFailure(1, "error while writing at byte 0: Operation not supported");
    }
  }

  private Destination createRaw(ImageName name, FormatOptions options, OpenSources sources)
      throws UsageException, CommandFailure, JobCancelledException {
    refuseIf(arguments.bitmaps(), "Format driver 'raw' does not support bitmaps");
    Preallocation preallocation = rawPreallocation(name, options);
    arguments.checkTargetCache();
    if (StreamDestinations.isStandardOutput(name.given())) {
      refuseIf(preallocation != Preallocation.OFF, "A stream cannot be preallocated");
      return streams().rawOutput();
    }
    JobControl control = console.startJob();
    try {
      return Destination.of(
          RawTargets.create(volume(), name.path(), sources.totalBytes(), preallocation, control));
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw notCreated(name, RAW, e);
    }
  }

  private static Preallocation rawPreallocation(ImageName name, FormatOptions options)
      throws UsageException {
    try {
      return RawOptions.preallocation(options);
    } catch (UsageException e) {
      throw e.after(name.given() + ": error while converting raw: ");
    }
  }

  private StreamDestinations streams() {
    return new StreamDestinations(console);
  }

  private Destination createQcow2(ImageName name, FormatOptions options, OpenSources sources)
      throws UsageException, CommandFailure, IOException {
    ImageSpec spec = spec(name, options, sources.totalBytes());
    arguments.checkTargetCache();
    Qcow2Targets.Storage storage = arguments.storage(spec.compressionType());
    refuseBitmapsOfVersion(spec.version());
    if (StreamDestinations.isStandardOutput(name.given())) {
      refuseStreaming(spec);
      return streams().qcow2Output(spec, storage);
    }
    try {
      if (StreamFile.isStream(console.volume(), name.path())) {
        refuseStreaming(spec);
        return streams().qcow2File(name.path(), spec, storage);
      }
      backing = openBacking(name, spec);
      refuseCompressionBesideData(spec.dataFile() != null);
      JobControl control = console.startJob();
      ConvertTarget target =
          Qcow2Targets.create(volume(), name.path(), spec, backing, storage, control);
      return Destination.of(withBitmaps(target, sources));
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw notCreated(name, QCOW2, e);
    }
  }

  private void refuseBitmapsOfVersion(int version) throws UsageException {
    refuseIf(arguments.bitmaps() && version < 3, "Format driver 'qcow2' does not support bitmaps");
  }

  private ConvertTarget withBitmaps(ConvertTarget target, OpenSources sources) {
    return arguments.bitmaps()
        ? Qcow2Targets.withBitmapsOf(
            target,
            sources.bitmapSource(),
            arguments.skippingBrokenBitmaps(),
            skipped ->
                console.error("warning: Skipping inconsistent bitmap '" + skipped.name() + "'"))
        : target;
  }

  private void refuseStreaming(ImageSpec spec) throws UsageException {
    refuseIf(arguments.bitmaps(), "Bitmaps cannot be copied to a stream");
    refuseIf(spec.preallocation() != Preallocation.OFF, "A stream cannot be preallocated");
    refuseIf(spec.dataFile() != null, "A stream cannot have an external data file");
  }

  private static ImageSpec spec(ImageName name, FormatOptions options, long sizeBytes)
      throws UsageException {
    try {
      return new Qcow2Options(options).spec(sizeBytes);
    } catch (UsageException e) {
      throw e.after(name.given() + ": error while converting qcow2: ");
    }
  }

  private @Nullable DiskImage openBacking(ImageName name, ImageSpec spec)
      throws UsageException, CommandFailure {
    String backingName = spec.backingName();
    if (backingName == null) {
      return null;
    }
    try {
      return DiskImages.openBacking(
          console.volume(),
          name.path(),
          backingName,
          spec.backingFormat(),
          access.policyForNamed(name, backingName),
          access.options(name).withSharing(ImageOptions.Sharing.DEFAULT));
    } catch (IOException e) {
      throw console.errorText().couldNotOpen(1, name.given(), e);
    }
  }

  private ConvertTarget existing(String text, OpenSources sources)
      throws UsageException, CommandFailure, IOException {
    String backingFile = arguments.backingFile();
    refuseIf(
        arguments.targetIsZero() && backingFile != null,
        "Cannot use --target-is-zero when the destination image has a backing file");
    refuseBackingOfMany(backingFile, sources);
    sources.checkBitmaps(arguments);
    arguments.checkTargetCache();
    ImageName name = existingName(text);
    String format =
        name.format() != null
            ? name.format().label()
            : DiskImages.probeFormat(console.volume(), name.path()).label();
    if (format.equals(RAW)) {
      refuseIf(arguments.bitmaps(), "Format driver 'raw' does not support bitmaps");
      refuseIf(arguments.compressed(), "Compression not supported for this file format");
      return existingRaw(name, sources);
    }
    return existingQcow2(name, sources);
  }

  private ImageName existingName(String text) throws UsageException, CommandFailure {
    String format = arguments.targetFormat();
    ImageNames names = new ImageNames(1);
    if (!arguments.targetDescribed()) {
      return names.plain(text, format == null ? RAW : format);
    }
    refuseIf(format != null, "--image-opts and --format are mutually exclusive");
    return names.described(text);
  }

  private ConvertTarget existingRaw(ImageName name, OpenSources sources) throws CommandFailure {
    try {
      return RawTargets.existing(
          volume(), name.path(), sources.totalBytes(), arguments.targetIsZero());
    } catch (IOException e) {
      String reason = console.errorText().reason(e);
      throw reason.equals("output file is smaller than input file")
          ? new CommandFailure(1, reason, null, e)
          : console.errorText().couldNotOpen(1, name.given(), e);
    }
  }

  private ConvertTarget existingQcow2(ImageName name, OpenSources sources)
      throws UsageException, CommandFailure, IOException {
    Qcow2Image image = openForWriting(name);
    boolean taken = false;
    try {
      refuseBitmapsOfVersion(image.header().version());
      refuseIf(
          image.virtualSize() < sources.totalBytes(), "output file is smaller than input file");
      refuseCompressionBesideData(image.header().has(Feature.EXTERNAL_DATA_FILE));
      ConvertTarget target =
          Qcow2Targets.existing(
              image,
              arguments.targetIsZero(),
              arguments.backingFile() != null,
              arguments.storage(image.header().compressionType()));
      taken = true;
      return withBitmaps(target, sources);
    } finally {
      if (!taken) {
        image.close();
      }
    }
  }

  private Qcow2Image openForWriting(ImageName name) throws UsageException, CommandFailure {
    try {
      return (Qcow2Image)
          DiskImages.open(
              volume(),
              name.path(),
              access.policy(),
              access.options(name).withFormat(ImageFormat.QCOW2).withWriting());
    } catch (IOException e) {
      throw console.errorText().couldNotOpen(1, name.given(), e);
    }
  }

  private CommandFailure notCreated(ImageName name, String format, IOException e) {
    String reason = console.errorText().reason(e);
    String text =
        e instanceof FileSystemException ? "Could not create '" + name.file() + "': " : "";
    return new CommandFailure(
        1,
        name.given() + ": error while converting " + format + ": " + text + reason,
        console.errorText().hint(e),
        e);
  }

  private static void refuseIf(boolean condition, String message) throws UsageException {
    if (condition) {
      throw UsageException.wrongValue(message);
    }
  }

  @Override
  public void close() throws IOException {
    if (backing != null) {
      backing.close();
    }
  }
}
