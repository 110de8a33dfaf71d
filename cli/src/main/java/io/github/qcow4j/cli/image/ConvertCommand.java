package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.Progress;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.bitmap.BitmapChangeException;
import io.github.qcow4j.qcow2.convert.ConversionPlace;
import io.github.qcow4j.qcow2.convert.ConvertResult;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code convert}: writes the disk of one or several images to another file. */
public final class ConvertCommand extends Command {

  private static final double PROGRESS_STEP_PERCENT = 1.0;

  private static final Description DESCRIPTION =
      new Description(
          "convert",
          "SOURCE... TARGET",
          "Writes the disk of an image, or of several behind one another, to another file or device;"
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
    if (FormatHelp.isWanted(arguments.targetOptions())) {
      String format = arguments.targetFormat();
      console()
          .out()
          .print(
              FormatHelp.of(
                  format == null ? "raw" : format,
                  operands.size() > 1 ? operands.getLast() : null));
      return 0;
    }
    if (operands.size() < 2) {
      throw UsageException.wrongValue("Must specify image file name");
    }
    arguments.checkSourceCache();
    List<String> sourceNames = operands.subList(0, operands.size() - 1);
    try (OpenSources sources = new OpenSources();
        ConvertTargets targets = new ConvertTargets(console(), access, arguments)) {
      open(sourceNames, sources);
      try (Destination target = targets.open(operands.getLast(), sources);
          Progress progress = progress(target)) {
        convert(sources, target, progress);
        if (!target.standardOutput()) {
          console().onlyAnswerLeft();
        }
      }
    }
    return 0;
  }

  private void open(List<String> names, OpenSources sources)
      throws UsageException, CommandFailure, IOException {
    List<DiskImage> images = new ArrayList<>();
    for (String name : names) {
      DiskImage image = access.open(access.name(name, arguments.sourceFormat()));
      sources.add(image);
      images.add(image);
    }
    SnapshotChoice snapshot = arguments.snapshot();
    if (snapshot != null) {
      if (images.size() > 1) {
        throw UsageException.wrongValue("No support for concatenating multiple snapshot");
      }
      sources.replaceOnly(snapshot.open(images.getFirst(), console().errorText()));
    }
  }

  /** Where the image itself goes to standard output, progress goes to the other. */
  private @Nullable Progress progress(Destination target) {
    return arguments.showingProgress()
        ? new Progress(
            target.standardOutput() ? console().err() : console().out(), PROGRESS_STEP_PERCENT)
        : null;
  }

  private void convert(OpenSources sources, Destination target, @Nullable Progress progress)
      throws CommandFailure, IOException {
    JobControl control = progress == null ? console().startJob() : console().startJob(progress);
    try {
      ConvertResult result =
          target.work().run(sources.disks(), arguments.options(), control, this::unreadable);
      CopyLine.note(console(), result.copied(), result.zeroBytes());
    } catch (JobCancelledException e) {
      throw e;
    } catch (BitmapChangeException e) {
      String doing = e.change() instanceof BitmapChange.Add ? "create" : "populate";
      String what = "Failed to " + doing + " bitmap " + e.change().bitmap() + ": ";
      throw new CommandFailure(1, what + e.getMessage(), null, e);
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
