package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.Progress;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.qcow2.commit.Commit;
import io.github.qcow4j.qcow2.commit.CommitOptions;
import io.github.qcow4j.qcow2.commit.CommitResult;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code commit}: moves what an overlay holds into an image below it. */
public final class CommitCommand extends Command {

  private static final double PROGRESS_STEP_PERCENT = 1.0;

  private static final Description DESCRIPTION =
      new Description(
          "commit",
          "FILE",
          "Moves what an image holds into its backing file, and empties the image",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.value('t', "cache", "CACHE", "accepted; all is durable in the end"),
              Option.value('b', "base", "BASE", "into this image of the chain; implies -d"),
              Option.flag('d', "drop", "do not empty the image: it will be dropped"),
              Option.value('r', "rate-limit", "RATE", "bytes to move each second at most"),
              ImageAccess.PROGRESS,
              ImageAccess.QUIET,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private @Nullable String cacheMode;
  private @Nullable String base;
  private boolean dropping;
  private long bytesPerSecond;
  private boolean quiet;
  private boolean showingProgress;

  /**
   * @param console what surrounds the call
   */
  public CommitCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "cache" -> cacheMode = value;
      case "base" -> {
        base = value;
        dropping = true;
      }
      case "drop" -> dropping = true;
      case "rate-limit" -> bytesPerSecond = SizeText.parse("rate limit", value);
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
    ImageName name = access.name(operands.getFirst(), format);
    if (cacheMode != null) {
      access.requireCacheMode("cache", cacheMode);
    }
    (dropping ? access.open(name) : access.openWriting(name)).close();
    CommitOptions options =
        new CommitOptions(base, !dropping, CommitOptions.DEFAULT.parallelism(), bytesPerSecond);
    try (Progress progress = progress()) {
      commit(name, options, progress);
    }
    console().onlyAnswerLeft();
    if (!quiet) {
      console().out().print("Image committed.\n");
    }
    return 0;
  }

  private @Nullable Progress progress() {
    return showingProgress && !quiet ? new Progress(console().out(), PROGRESS_STEP_PERCENT) : null;
  }

  private void commit(ImageName name, CommitOptions options, @Nullable Progress progress)
      throws UsageException, CommandFailure, IOException {
    JobControl control = console().startJob(progress == null ? (done, total) -> {} : progress);
    try {
      CommitResult result =
          Commit.run(
              console().volume(),
              name.path(),
              access.policy(),
              access.options(name),
              options,
              control);
      CopyLine.note(console(), result.data(), result.zeroBytes());
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailure(
          1,
          (isAboutData(e) ? "Block job failed: " : "") + console().errorText().reason(e),
          console().errorText().hint(e),
          e);
    }
    if (progress != null) {
      progress.complete();
    }
  }

  /** Whether reading or writing failed, of files that could be opened. */
  private static boolean isAboutData(IOException failure) {
    return failure instanceof SystemCallException call
        && switch (call.call()) {
          case "pread", "pwrite", "fallocate", "ftruncate", "fsync", "fdatasync" -> true;
          default -> false;
        };
  }
}
