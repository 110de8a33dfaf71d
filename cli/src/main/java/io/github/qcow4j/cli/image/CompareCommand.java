package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.Progress;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.compare.Comparison;
import io.github.qcow4j.qcow2.compare.ComparisonException;
import io.github.qcow4j.qcow2.compare.ComparisonResult;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code compare}: whether two images hold the same disk. */
public final class CompareCommand extends Command {

  private static final int DIFFERENT = 1;
  private static final int NOT_OPENED = 2;
  private static final int NO_EXTENTS = 3;
  private static final int NO_DATA = 4;

  private static final double PROGRESS_STEP_PERCENT = 2.0;

  private static final Description DESCRIPTION =
      new Description(
          "compare",
          "FILE1 FILE2",
          "Tells whether two images hold the same disk; exit code 0 when they do, 1 when not",
          OptionTable.of(
              Option.value('f', "a-format", "FMT", "the first image's format"),
              Option.value('F', "b-format", "FMT", "the second image's format"),
              ImageAccess.IMAGE_OPTS,
              Option.flag('s', "strict", "sizes, and what is allocated, must agree as well"),
              Option.value('T', "cache", "CACHE", "accepted; has no effect"),
              ImageAccess.FORCE_SHARE,
              ImageAccess.PROGRESS,
              ImageAccess.QUIET,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String firstFormat;
  private @Nullable String secondFormat;
  private boolean strict;
  private boolean quiet;
  private boolean showingProgress;
  private @Nullable String cacheMode;

  /**
   * @param console what surrounds the call
   */
  public CompareCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, NOT_OPENED);
  }

  @Override
  protected int failureExitCode() {
    return NOT_OPENED;
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "a-format" -> firstFormat = value;
      case "b-format" -> secondFormat = value;
      case "strict" -> strict = true;
      case "quiet" -> quiet = true;
      case "progress" -> showingProgress = true;
      case "cache" -> cacheMode = value;
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 2) {
      throw UsageException.wrongForm("Expecting two image file names");
    }
    if (cacheMode != null) {
      access.requireCacheMode("source cache", cacheMode);
    }
    ImageName firstName = name(operands.get(0), firstFormat);
    try (DiskImage first = access.open(firstName)) {
      ImageName secondName = name(operands.get(1), secondFormat);
      try (DiskImage second = access.open(secondName);
          Progress progress = progress()) {
        return compare(List.of(firstName, secondName), first, second, progress);
      }
    }
  }

  /** What is wrong with a name says nothing about whether images differ. */
  private ImageName name(String operand, @Nullable String format) throws CommandFailure {
    try {
      return access.name(operand, format);
    } catch (UsageException e) {
      throw new CommandFailure(NOT_OPENED, String.valueOf(e.getMessage()), null, e);
    }
  }

  private @Nullable Progress progress() {
    return showingProgress && !quiet ? new Progress(console().out(), PROGRESS_STEP_PERCENT) : null;
  }

  private int compare(
      List<ImageName> names, DiskImage first, DiskImage second, @Nullable Progress progress)
      throws CommandFailure, IOException {
    JobControl.ProgressListener listener = progress == null ? (done, total) -> {} : progress;
    JobControl control = console().startJob(listener);
    try {
      return say(Comparison.run(first, second, strict, ImageAccess.readingThreads(), control));
    } catch (ComparisonException e) {
      throw failure(names.get(e.imageIndex()).given(), e);
    }
  }

  private CommandFailure failure(String name, ComparisonException e) {
    String reason = console().errorText().reason(e.reason());
    return switch (e.stage()) {
      case EXTENTS ->
          new CommandFailure(
              NO_EXTENTS, "Sector allocation test failed for " + name + ": " + reason, null, e);
      case DATA ->
          new CommandFailure(
              NO_DATA,
              "Error while reading offset " + e.guestOffset() + " of " + name + ": " + reason,
              null,
              e);
    };
  }

  private int say(ComparisonResult result) {
    return switch (result) {
      case ComparisonResult.Identical identical -> {
        if (identical.sizesDiffer()) {
          say("Warning: Image size mismatch!");
        }
        say("Images are identical.");
        yield 0;
      }
      case ComparisonResult.SizeMismatch sizes -> {
        say("Strict mode: Image size mismatch!");
        yield DIFFERENT;
      }
      case ComparisonResult.StatusMismatch status -> {
        say("Strict mode: Offset " + status.guestOffset() + " block status mismatch!");
        yield DIFFERENT;
      }
      case ComparisonResult.ContentMismatch content -> {
        if (content.pastShorterDisk()) {
          say("Warning: Image size mismatch!");
        }
        say("Content mismatch at offset " + content.guestOffset() + "!");
        yield DIFFERENT;
      }
    };
  }

  private void say(String line) {
    if (!quiet) {
      console().out().print(line + "\n");
    }
  }
}
