package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConversionPlace;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code dd}: makes an image of a part of a disk. Block sizes choose the part, not the speed. */
public final class DdCommand extends Command {

  private static final Description DESCRIPTION =
      new Description(
          "dd",
          "[bs=SIZE] [count=BLOCKS] [skip=BLOCKS] if=SOURCE of=TARGET",
          "Makes an image of a part of a disk; it appears when it is complete",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.value('O', "output-format", "FMT", "the new image's format, raw if not given"),
              ImageAccess.FORCE_SHARE,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private String outputFormat = "raw";

  /**
   * @param console what surrounds the call
   */
  public DdCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "output-format" -> outputFormat = value;
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> words) throws UsageException, CommandFailure, IOException {
    DdOperands operands = new DdOperands(words);
    try (DiskImage source = access.open(access.name(operands.input(), format))) {
      if (!outputFormat.equals("raw") && !outputFormat.equals("qcow2")) {
        throw UsageException.wrongValue("Unknown file format");
      }
      ImageName name = new ImageNames(1).toCreate(operands.output());
      DdOperands.Part part = operands.of(source.virtualSize());
      try (ConvertTarget target = create(name, wholeSectors(part.lengthBytes()))) {
        if (part.beyond()) {
          console().error(operands.input() + ": cannot skip to specified offset");
        }
        copy(source, part, target);
      }
    }
    console().onlyAnswerLeft();
    return 0;
  }

  private static long wholeSectors(long bytes) {
    return (bytes + FormatLimits.SECTOR_BYTES - 1) & -FormatLimits.SECTOR_BYTES;
  }

  private ConvertTarget create(ImageName name, long sizeBytes) throws CommandFailure {
    try {
      return outputFormat.equals("raw")
          ? RawTargets.create(console().volume(), name.path(), sizeBytes)
          : Qcow2Targets.create(
              console().volume(),
              name.path(),
              ImageSpec.ofSize(sizeBytes),
              null,
              Qcow2Targets.Storage.PLAIN);
    } catch (IOException e) {
      String file =
          e instanceof FileSystemException ? "Could not create '" + name.file() + "': " : "";
      throw new CommandFailure(
          1,
          name.given()
              + ": error while creating output image: "
              + file
              + console().errorText().reason(e),
          console().errorText().hint(e),
          e);
    }
  }

  private void copy(DiskImage source, DdOperands.Part part, ConvertTarget target)
      throws CommandFailure, IOException {
    JobControl control = console().startJob();
    try {
      Conversion.runPart(
          source, part.skippedBytes(), part.lengthBytes(), target, ConvertOptions.DEFAULT, control);
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      String doing =
          isWriting(e)
              ? "error while writing to output image file: "
              : "error while reading from input image file: ";
      throw new CommandFailure(1, doing + console().errorText().reason(e), null, e);
    }
  }

  private static boolean isWriting(IOException failure) {
    for (Throwable note : failure.getSuppressed()) {
      if (note instanceof ConversionPlace place) {
        return place.activity() == ConversionPlace.Activity.WRITING;
      }
    }
    // What has no place failed when all was read: making it durable.
    return true;
  }
}
