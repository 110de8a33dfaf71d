package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.measure.ImageMeasure;
import io.github.qcow4j.qcow2.measure.MeasureTarget;
import io.github.qcow4j.qcow2.measure.Measurement;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code measure}: how large an image would become, before it is made. */
public final class MeasureCommand extends Command {

  private static final Description DESCRIPTION =
      new Description(
          "measure",
          "[FILE]",
          "Tells how large a copy of an image, or an empty image of a size, would become",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.value(
                  'l', "snapshot", "SNAPSHOT", "an internal snapshot: its id, or its name"),
              Option.value('O', "target-format", "FMT", "the new image's format, raw if not given"),
              Option.value('o', "target-format-options", "OPTIONS", "options of that format"),
              ImageAccess.FORCE_SHARE,
              OutputFormat.OPTION,
              Option.value('s', "size", "SIZE", "measure an empty image of this size"),
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private final List<String> targetOptions = new ArrayList<>();
  private @Nullable String format;
  private @Nullable SnapshotChoice snapshot;
  private String targetFormat = "raw";
  private String output = "human";
  private long size = -1;

  /**
   * @param console what surrounds the call
   */
  public MeasureCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "snapshot" -> snapshot = SnapshotChoice.of(value);
      case "target-format" -> targetFormat = value;
      case "target-format-options" -> targetOptions.add(value);
      case "output" -> output = value;
      case "size" -> size = SizeText.parse("image size", value);
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    OutputFormat outputFormat = OutputFormat.of(output);
    refuseIf(operands.size() > 1, "At most one filename argument is allowed.");
    if (operands.isEmpty()) {
      refuseIf(
          access.isDescribed() || format != null || snapshot != null,
          "--image-opts, -f, and -l require a filename argument.");
      refuseIf(size < 0, "Either --size N or one filename must be specified.");
    } else {
      refuseIf(size >= 0, "--size N cannot be used together with a filename.");
    }
    Measurement measurement = operands.isEmpty() ? ofSize() : ofCopy(operands.getFirst());
    console()
        .out()
        .print(
            switch (outputFormat) {
              case HUMAN -> text(measurement);
              case JSON -> json(measurement);
            });
    return 0;
  }

  private Measurement ofSize() throws UsageException, CommandFailure {
    access.requireSize(size);
    MeasureTarget target = MeasureTargets.of(targetFormat, targetOptions);
    try {
      return ImageMeasure.ofSize(size, target);
    } catch (LimitExceededException e) {
      throw failure("", e);
    }
  }

  private Measurement ofCopy(String text) throws UsageException, CommandFailure, IOException {
    try (DiskImage image = access.open(access.name(text, format))) {
      DiskImage source = snapshot == null ? image : snapshot.open(image, console().errorText());
      MeasureTarget target = MeasureTargets.of(targetFormat, targetOptions);
      try {
        return ImageMeasure.ofCopy(source, target, console().startJob());
      } catch (JobCancelledException e) {
        throw e;
      } catch (LimitExceededException e) {
        throw failure("", e);
      } catch (IOException e) {
        throw failure("Unable to get block status: ", e);
      }
    }
  }

  private CommandFailure failure(String what, IOException e) {
    return new CommandFailure(1, what + console().errorText().reason(e), null, e);
  }

  private static void refuseIf(boolean condition, String message) throws UsageException {
    if (condition) {
      throw UsageException.wrongValue(message);
    }
  }

  private static String text(Measurement measurement) {
    Long bitmaps = measurement.bitmapsBytes();
    return "required size: "
        + measurement.requiredBytes()
        + "\nfully allocated size: "
        + Long.toUnsignedString(measurement.fullyAllocatedBytes())
        + "\n"
        + (bitmaps == null ? "" : "bitmaps size: " + bitmaps + "\n");
  }

  private static String json(Measurement measurement) {
    JsonWriter json = new JsonWriter().object();
    Long bitmaps = measurement.bitmapsBytes();
    if (bitmaps != null) {
      json.member("bitmaps", bitmaps);
    }
    json.member("required", measurement.requiredBytes());
    json.member("fully-allocated", measurement.fullyAllocatedBytes());
    return json.end() + "\n";
  }
}
