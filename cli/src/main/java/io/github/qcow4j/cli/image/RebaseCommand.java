package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.Progress;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.HeaderRoom;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.qcow2.rebase.RebaseResult;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code rebase}: gives an overlay another backing file, or none. */
public final class RebaseCommand extends Command {

  private static final double PROGRESS_STEP_PERCENT = 2.0;

  private static final Description DESCRIPTION =
      new Description(
          "rebase",
          "FILE",
          "Gives an image another backing file, or none with -b \"\"; the disk stays the same",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.value('t', "cache", "CACHE", "accepted; all is durable in the end"),
              Option.value('b', "backing", "FILE", "the new backing file, \"\" for none"),
              Option.value('F', "backing-format", "FMT", "its format"),
              Option.value('B', "backing-fmt", "FMT", "the same under its newer name"),
              Option.value('T', "backing-cache", "CACHE", "accepted; has no effect"),
              Option.flag('u', "backing-unsafe", "change the name alone, copy nothing"),
              Option.flag('c', "compress", "store compressed what is copied"),
              ImageAccess.FORCE_SHARE,
              ImageAccess.PROGRESS,
              ImageAccess.QUIET,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private @Nullable String cacheMode;
  private @Nullable String backingCacheMode;
  private @Nullable String backing;
  private @Nullable String backingFormat;
  private boolean unsafe;
  private boolean compressed;
  private boolean sharing;
  private boolean quiet;
  private boolean showingProgress;

  /**
   * @param console what surrounds the call
   */
  public RebaseCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "cache" -> cacheMode = value;
      case "backing-cache" -> backingCacheMode = value;
      case "backing" -> backing = value;
      case "backing-format", "backing-fmt" -> backingFormat = value;
      case "backing-unsafe" -> unsafe = true;
      case "compress" -> compressed = true;
      // It is about the new backing file; what is written to is locked in any case.
      case "force-share" -> sharing = true;
      case "quiet" -> quiet = true;
      case "progress" -> showingProgress = true;
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 1) {
      throw UsageException.wrongForm("Expecting one image file name");
    }
    if (!unsafe && backing == null) {
      throw UsageException.wrongForm("Must specify backing file (-b) or use unsafe mode (-u)");
    }
    ImageName name = access.name(operands.getFirst(), format);
    requireCacheModes();
    try (DiskImage overlay = unsafe ? access.openHeader(name) : access.openWriting(name)) {
      requireKnownBackingFormat();
      try (DiskImage newBacking = unsafe ? null : openNewBacking(name)) {
        BackingName newName = newName(overlay);
        refuseCompressionBesideData(overlay);
        if (unsafe) {
          Rebase.rename(overlay, newName);
        } else {
          rebase(overlay, newBacking, newName);
        }
      }
    }
    console().onlyAnswerLeft();
    return 0;
  }

  private void requireCacheModes() throws CommandFailure {
    if (cacheMode != null) {
      access.requireCacheMode("cache", cacheMode);
    }
    if (backingCacheMode != null) {
      access.requireCacheMode("source cache", backingCacheMode);
    }
  }

  private void requireKnownBackingFormat() throws CommandFailure {
    if (backingFormat != null && !Qcow2Options.isDriver(backingFormat)) {
      throw new CommandFailure(1, "Invalid format name: '" + backingFormat + "'");
    }
  }

  private @Nullable DiskImage openNewBacking(ImageName name) throws UsageException, CommandFailure {
    if (backing == null || backing.isEmpty()) {
      return null;
    }
    ImageOptions options = access.options(name).withFormat(null);
    try {
      return DiskImages.openBacking(
          console().volume(),
          name.path(),
          backing,
          backingFormat,
          access.policyForNamed(name, backing),
          sharing ? options.withSharing(ImageOptions.Sharing.FORCE_SHARE) : options);
    } catch (IOException e) {
      StringBuilder line = new StringBuilder("Could not open new backing file '" + backing + "': ");
      for (Throwable note : e.getSuppressed()) {
        // The note about the image itself is what the line begins with.
        boolean own =
            note instanceof ReferenceTrail trail && trail.namingImage().equals(name.path());
        line.append(note instanceof ReferenceTrail && !own ? "Could not open backing file: " : "");
      }
      line.append(console().errorText().whileOpening(e));
      throw new CommandFailure(1, line.toString(), console().errorText().hint(e), e);
    }
  }

  /** What the header is to say; refused here before anything is copied. */
  private @Nullable BackingName newName(DiskImage overlay) throws CommandFailure {
    boolean none = backing == null || backing.isEmpty();
    if (!none && backingFormat == null) {
      throw notChanged("backing format must be specified", null);
    }
    BackingName newName =
        backing == null || backing.isEmpty() || backingFormat == null
            ? null
            : new BackingName(backing, backingFormat);
    try {
      HeaderRoom.require(overlay, newName);
    } catch (LimitExceededException e) {
      boolean full = e.limitName().equals("header cluster bytes");
      throw notChanged(
          full ? "No space left in the file header" : console().errorText().reason(e), e);
    } catch (IOException e) {
      throw notChanged(console().errorText().reason(e), e);
    }
    return newName;
  }

  /**
   * In the words of {@code qemu-img}, which fails at the first cluster it writes; the library would
   * refuse it in others.
   */
  private void refuseCompressionBesideData(DiskImage overlay) throws CommandFailure {
    if (compressed
        && !unsafe
        && console().personality() == Personality.QEMU_IMG
        && overlay instanceof Qcow2Image qcow2
        && qcow2.header().has(Feature.EXTERNAL_DATA_FILE)) {
      throw new CommandFailure(1, "Error while writing to COW image: Operation not supported");
    }
  }

  private CommandFailure notChanged(String reason, @Nullable IOException cause) {
    String shown = backing == null ? "(null)" : backing;
    return new CommandFailure(
        1, "Could not change the backing file to '" + shown + "': " + reason, null, cause);
  }

  private void rebase(
      DiskImage overlay, @Nullable DiskImage newBacking, @Nullable BackingName newName)
      throws CommandFailure, IOException {
    RebaseOptions options =
        new RebaseOptions(
            RebaseOptions.DEFAULT.parallelism(),
            compressed,
            false,
            console().personality() == Personality.QEMU_IMG,
            false);
    try (Progress progress =
        showingProgress && !quiet ? new Progress(console().out(), PROGRESS_STEP_PERCENT) : null) {
      JobControl control = console().startJob(progress == null ? (done, total) -> {} : progress);
      RebaseResult result = Rebase.run(overlay, newBacking, newName, options, control);
      CopyLine.note(console(), result.data(), result.zeroedBytes());
      if (progress != null) {
        progress.complete();
      }
    } catch (SystemCallException e) {
      if (!isWriteTo(overlay, e)) {
        throw e;
      }
      throw new CommandFailure(
          1, "Error while writing to COW image: " + console().errorText().reason(e), null, e);
    }
  }

  private static boolean isWriteTo(DiskImage overlay, SystemCallException failure) {
    return overlay.path().toString().equals(failure.getFile())
        && switch (failure.call()) {
          case "pwrite", "fallocate", "ftruncate", "fdatasync" -> true;
          default -> false;
        };
  }
}
