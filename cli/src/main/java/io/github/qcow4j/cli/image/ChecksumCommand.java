package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.cli.output.Progress;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.checksum.ChecksumAlgorithm;
import io.github.qcow4j.qcow2.checksum.ChecksumException;
import io.github.qcow4j.qcow2.checksum.ContentChecksum;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code checksum}: of what a disk shows, as {@code sha256sum} prints it of a raw file. */
public final class ChecksumCommand extends Command {

  private static final double PROGRESS_STEP_PERCENT = 2.0;

  private static final Description DESCRIPTION =
      new Description(
          "checksum",
          "FILE",
          "Prints the checksum of what an image shows, the same for every image of the same disk:"
              + " that of its raw bytes",
          OptionTable.of(
              Option.value(
                  "algorithm",
                  "NAME",
                  "sha256 (the default) or crc32c, which takes all processors and nothing for"
                      + " zeros, and finds faults but not forgery"),
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.value('l', "snapshot", "SNAPSHOT", "of an internal snapshot"),
              OutputFormat.OPTION,
              ImageAccess.FORCE_SHARE,
              ImageAccess.PROGRESS,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private ChecksumAlgorithm algorithm = ChecksumAlgorithm.SHA256;
  private @Nullable String format;
  private @Nullable SnapshotChoice snapshot;
  private String output = "human";
  private boolean showingProgress;

  /**
   * @param console what surrounds the call
   */
  public ChecksumCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "algorithm" -> algorithm = algorithm(value);
      case "format" -> format = value;
      case "snapshot" -> snapshot = SnapshotChoice.of(value);
      case "output" -> output = value;
      case "progress" -> showingProgress = true;
      default -> access.accept(option, value);
    }
  }

  private static ChecksumAlgorithm algorithm(String name) throws UsageException {
    return ChecksumAlgorithm.labelled(name)
        .orElseThrow(() ->
            UsageException.wrongValue(
                "Unknown algorithm '" + name + "': --algorithm takes sha256 or crc32c"));
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 1) {
      throw UsageException.wrongForm("Expecting one image file name");
    }
    OutputFormat outputFormat = OutputFormat.of(output);
    ImageName name = access.name(operands.getFirst(), format);
    try (DiskImage image = access.open(name)) {
      String checksum = snapshot == null ? checksum(name, image) : checksum(name, image, snapshot);
      console()
          .out()
          .print(
              switch (outputFormat) {
                case HUMAN -> checksum + "  " + name.given() + "\n";
                case JSON -> json(name, image, checksum);
              });
    }
    return 0;
  }

  private String checksum(ImageName name, DiskImage image, SnapshotChoice choice)
      throws CommandFailure, IOException {
    try (DiskImage view = choice.open(image, console().errorText())) {
      return checksum(name, view);
    }
  }

  private String checksum(ImageName name, DiskImage image) throws CommandFailure, IOException {
    // Standard output is the checksum's.
    try (Progress progress =
        showingProgress ? new Progress(console().err(), PROGRESS_STEP_PERCENT) : null) {
      JobControl control = progress == null ? console().startJob() : console().startJob(progress);
      return HexFormat.of()
          .formatHex(ContentChecksum.run(image, algorithm, ImageAccess.readingThreads(), control));
    } catch (ChecksumException e) {
      throw new CommandFailure(
          1,
          "Error while reading offset "
              + e.guestOffset()
              + " of "
              + name.given()
              + ": "
              + console().errorText().reason(e.reason()),
          null,
          e);
    }
  }

  private String json(ImageName name, DiskImage image, String checksum) {
    JsonWriter json = new JsonWriter().object();
    json.member("filename", name.given());
    json.member("format", image.format().label());
    json.member("virtual-size", image.virtualSize());
    json.member("algorithm", algorithm.label());
    json.member("checksum", checksum);
    json.end();
    return json + "\n";
  }
}
