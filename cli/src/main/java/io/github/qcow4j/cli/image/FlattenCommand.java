package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.cli.output.Progress;
import io.github.qcow4j.cli.output.SizeFormat;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.qcow2.rebase.RebaseResult;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code flatten}: moves all that an image shows of its backing files into the image. */
public final class FlattenCommand extends Command {

  private static final double PROGRESS_STEP_PERCENT = 1.0;

  private static final Description DESCRIPTION =
      new Description(
          "flatten",
          "FILE",
          "Copies what an image shows of its backing files into it, and makes it stand alone",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.flag('c', "compress", "store compressed what is copied"),
              Option.flag(
                  'C', "copy-range-offloading", "let the kernel copy; look for no zeros in data"),
              Option.flag("json", "say what was done as JSON"),
              ImageAccess.PROGRESS,
              ImageAccess.QUIET,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private boolean compressed;
  private boolean offloading;
  private boolean json;
  private boolean quiet;
  private boolean showingProgress;

  /**
   * @param console what surrounds the call
   */
  public FlattenCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "compress" -> compressed = true;
      case "copy-range-offloading" -> offloading = true;
      case "json" -> json = true;
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
    if (compressed && offloading) {
      throw UsageException.wrongValue("Cannot enable copy offloading when -c is used");
    }
    ImageName name = access.name(operands.getFirst(), format);
    try (DiskImage overlay = access.openWriting(name)) {
      RebaseResult result = flatten(overlay);
      say(result, overlay.virtualSize());
      CopyLine.note(console(), result.data(), result.zeroedBytes());
    }
    console().onlyAnswerLeft();
    return 0;
  }

  private RebaseResult flatten(DiskImage overlay) throws IOException {
    RebaseOptions options =
        new RebaseOptions(RebaseOptions.DEFAULT.parallelism(), compressed, true, false, offloading);
    try (Progress progress =
        showingProgress && !quiet && !json
            ? new Progress(console().out(), PROGRESS_STEP_PERCENT)
            : null) {
      JobControl control = console().startJob(progress == null ? (done, total) -> {} : progress);
      RebaseResult result = Rebase.run(overlay, null, null, options, control);
      if (progress != null) {
        progress.complete();
      }
      return result;
    }
  }

  private static String told(long bytes) {
    return SizeFormat.of(bytes) + " (" + bytes + " bytes)";
  }

  private static long copiedBytes(RebaseResult result) {
    return result.data().totalBytes() - result.data().reflinkBytes();
  }

  private void say(RebaseResult result, long diskBytes) {
    if (json) {
      JsonWriter writer = new JsonWriter().object();
      writer
          .member("shared-bytes", result.data().reflinkBytes())
          .member("copied-bytes", copiedBytes(result))
          .member("virtual-size", diskBytes)
          .end();
      console().out().print(writer + "\n");
    } else if (!quiet) {
      console()
          .out()
          .print(
              "Image flattened: "
                  + told(copiedBytes(result))
                  + " copied, "
                  + told(result.data().reflinkBytes())
                  + " shared.\n");
    }
  }
}
