package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.Progress;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.qcow2.Amendment;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rewrite.ImageRewrite;
import io.github.qcow4j.qcow2.rewrite.RewriteRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code amend}: changes what an image is. */
public final class AmendCommand extends Command {

  private static final double PROGRESS_STEP_PERCENT = 1;

  private static final Description DESCRIPTION =
      new Description(
          "amend",
          "FILE",
          "Changes the version, refcount width, size and other options of an image that exists",
          OptionTable.of(
              Option.value(
                  'o', "options", "OPTIONS", "what to change, as name=value,...; help lists"),
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.value('t', "cache", "CACHE", "accepted; has no effect"),
              Option.flag("force", "accepted; nothing here has to be forced"),
              CompressionLevel.OPTION,
              ImageAccess.PROGRESS,
              ImageAccess.QUIET,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private final List<String> optionLists = new ArrayList<>();
  private @Nullable String format;
  private @Nullable String cacheMode;
  private int compressionLevel = CompressionLevel.NOT_GIVEN;
  private boolean quiet;
  private boolean showingProgress;

  /**
   * @param console what surrounds the call
   */
  public AmendCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "options" -> {
        FormatOptions.requireList(value);
        optionLists.add(value);
      }
      case "format" -> format = value;
      case "cache" -> cacheMode = value;
      case "force" -> {}
      case "compression-level" -> compressionLevel = CompressionLevel.parse(value);
      case "quiet" -> quiet = true;
      case "progress" -> showingProgress = true;
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (optionLists.isEmpty()) {
      throw UsageException.wrongForm("Must specify options (-o)");
    }
    boolean helping = FormatHelp.isWanted(optionLists);
    if (helping && format != null) {
      printHelp(format);
      return 0;
    }
    if (operands.size() != 1) {
      throw UsageException.wrongValue("Expecting one image file name");
    }
    if (cacheMode != null) {
      access.requireCacheMode("cache", cacheMode);
    }
    try (DiskImage image = access.openWriting(access.name(operands.getFirst(), format))) {
      if (helping) {
        printHelp(image.format().label());
      } else if (image instanceof Qcow2Image qcow2) {
        amend(qcow2);
        console().onlyAnswerLeft();
      } else {
        throw notAmendable(image.format().label());
      }
    }
    return 0;
  }

  private void printHelp(String formatName) throws CommandFailure {
    if (!formatName.equals("qcow2")) {
      throw notAmendable(formatName);
    }
    console().out().print(FormatHelp.ofAmending());
  }

  private static CommandFailure notAmendable(String formatName) {
    return new CommandFailure(
        1, "Format driver '" + formatName + "' does not support option amendment");
  }

  private void amend(Qcow2Image image) throws UsageException, CommandFailure {
    FormatOptions options = options();
    try (Progress progress = progress()) {
      if (progress != null) {
        progress.progressed(0, 1);
      }
      try {
        RewriteRequest request = new AmendChoice(image, options).rewriting(compressionLevel);
        Long size = request.others().sizeBytes();
        access.requireSize(size == null ? 0 : size);
        JobControl control = console().startJob(progress == null ? (done, total) -> {} : progress);
        if (request.isNeeded(image.header())) {
          ImageRewrite.run(console().volume(), image, request, control);
        } else {
          Amendment.run(image, request.others(), control);
        }
      } finally {
        if (progress != null) {
          progress.complete();
        }
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private CommandFailure failure(IOException e) {
    Errno errno = SnapshotTableFailure.errno(e);
    if (errno != null) {
      // Only a downgrade looks at what snapshots hold.
      return new CommandFailure(1, console().errorText().reason(e), null, e)
          .followedBy("Failed to turn zero into data clusters: " + errno.text());
    }
    return e instanceof JobCancelledException && console().isCancelled()
        ? new CommandFailure(1, "Interrupted", null, e)
        : new CommandFailure(1, console().errorText().line(e), console().errorText().hint(e), e);
  }

  private FormatOptions options() throws UsageException {
    try {
      return new FormatOptions(known(), optionLists);
    } catch (UsageException e) {
      throw areForCreation()
          ? UsageException.wrongValue(
              String.valueOf(e.getMessage()), "This option is only supported for image creation")
          : e;
    }
  }

  /** A script that knows qemu-img counts on what that refuses being refused. */
  private List<FormatOption> known() {
    return console().personality() == Personality.QCOW4J
        ? FormatOption.QCOW2_REWRITTEN
        : FormatOption.QCOW2_AMENDED;
  }

  private boolean areForCreation() {
    try {
      FormatOptions.require(FormatOption.QCOW2_FORMAT, optionLists);
      return true;
    } catch (UsageException e) {
      return false;
    }
  }

  private @Nullable Progress progress() {
    return showingProgress && !quiet ? new Progress(console().out(), PROGRESS_STEP_PERCENT) : null;
  }
}
