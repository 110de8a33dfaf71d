package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.Progress;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConversionPlace;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code convert}: writes the disk of one or several images to another file. */
public final class ConvertCommand extends Command {

  private static final double PROGRESS_STEP_PERCENT = 1.0;

  private static final Description DESCRIPTION =
      new Description(
          "convert",
          "SOURCE... TARGET",
          "Writes the disk of an image, or of several behind one another, to a raw file or device;"
              + " a new file appears when it is complete",
          ConvertArguments.OPTIONS);

  private final ImageAccess access;
  private final ConvertArguments arguments;

  /**
   * @param console what surrounds the call
   */
  public ConvertCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
    this.arguments = new ConvertArguments(access);
    access.excludeWriters();
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    arguments.accept(option, value);
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    arguments.check();
    if (operands.size() < 2) {
      throw UsageException.wrongValue("Must specify image file name");
    }
    List<String> sourceNames = operands.subList(0, operands.size() - 1);
    if (arguments.snapshot() != null && sourceNames.size() > 1) {
      throw UsageException.wrongValue("No support for concatenating multiple snapshot");
    }
    try (OpenSources sources = new OpenSources()) {
      for (String name : sourceNames) {
        open(access.name(name, arguments.sourceFormat()), sources);
      }
      arguments.checkTarget();
      ImageName targetName = targetName(operands.getLast());
      try (ConvertTarget target = open(targetName, sources.totalBytes());
          Progress progress = progress()) {
        convert(sources, target, progress);
      }
    }
    return 0;
  }

  private void open(ImageName name, OpenSources sources)
      throws UsageException, CommandFailure, IOException {
    DiskImage image = access.open(name);
    SnapshotChoice snapshot = arguments.snapshot();
    boolean added = false;
    try {
      sources.add(image, snapshot == null ? image : snapshot.open(image));
      added = true;
    } finally {
      if (!added) {
        image.close();
      }
    }
  }

  private ImageName targetName(String text) throws CommandFailure {
    ImageNames names = new ImageNames(1);
    return arguments.targetDescribed() ? names.described(text) : names.plain(text, null);
  }

  private ConvertTarget open(ImageName name, long sizeBytes) throws CommandFailure {
    try {
      return arguments.creating()
          ? RawTargets.create(console().volume(), name.path(), sizeBytes)
          : RawTargets.existing(
              console().volume(), name.path(), sizeBytes, arguments.targetIsZero());
    } catch (IOException e) {
      throw arguments.creating() ? notCreated(name, e) : notOpened(name, e);
    }
  }

  private CommandFailure notCreated(ImageName name, IOException e) {
    String reason = console().errorText().reason(e);
    String text =
        e instanceof FileSystemException ? "Could not create '" + name.file() + "': " : "";
    return new CommandFailure(
        1,
        name.given() + ": error while converting raw: " + text + reason,
        console().errorText().hint(e),
        e);
  }

  private CommandFailure notOpened(ImageName name, IOException e) {
    String reason = console().errorText().reason(e);
    return reason.equals("output file is smaller than input file")
        ? new CommandFailure(1, reason, null, e)
        : console().errorText().couldNotOpen(1, name.given(), e);
  }

  private @Nullable Progress progress() {
    return arguments.showingProgress()
        ? new Progress(console().out(), PROGRESS_STEP_PERCENT)
        : null;
  }

  private void convert(OpenSources sources, ConvertTarget target, @Nullable Progress progress)
      throws CommandFailure, IOException {
    JobControl.ProgressListener listener = progress == null ? (done, total) -> {} : progress;
    JobControl control = console().startJob(listener);
    try {
      Conversion.run(sources.disks(), target, arguments.options(), control, this::unreadable);
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw failure(e);
    }
    if (progress != null) {
      progress.complete();
    }
  }

  private void unreadable(long offset, long lengthBytes, IOException cause) {
    if (!arguments.quiet()) {
      console()
          .error(
              "warning: error while reading offset "
                  + offset
                  + " ("
                  + lengthBytes
                  + " bytes, now zeros): "
                  + console().errorText().reason(cause));
    }
  }

  private CommandFailure failure(IOException e) {
    String doing = "error while converting: ";
    for (Throwable note : e.getSuppressed()) {
      if (note instanceof ConversionPlace place) {
        doing =
            switch (place.activity()) {
              case READING_EXTENTS -> "error while reading block status at offset ";
              case READING -> "error while reading at byte ";
              case WRITING -> "error while writing at byte ";
            };
        doing += place.offset() + ": ";
      }
    }
    return new CommandFailure(1, doing + console().errorText().reason(e), null, e);
  }
}
