package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.RawImage;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code resize}: makes the disk of an image larger or smaller. */
public final class ResizeCommand extends Command {

  private static final int SECTOR_BYTES = 512;

  private static final Description DESCRIPTION =
      new Description(
          "resize",
          "FILE [+|-]SIZE",
          "Makes the disk of an image SIZE large, or larger or smaller by SIZE",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.value(
                  "preallocation", "MODE", "what a new part takes: off, metadata, falloc, full"),
              Option.flag("shrink", "allow to make it smaller, losing what lies behind the end"),
              ImageAccess.QUIET,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private String size = "";
  private Preallocation preallocation = Preallocation.OFF;
  private boolean shrinking;
  private boolean quiet;

  /**
   * @param console what surrounds the call
   */
  public ResizeCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  /** The last argument is the size, also where it begins with a dash. */
  @Override
  protected List<String> scanned(List<String> arguments) throws UsageException {
    if (arguments.size() == 1 && List.of("-h", "--help").contains(arguments.getFirst())) {
      return arguments;
    }
    if (arguments.size() < 2) {
      throw UsageException.wrongForm("Not enough arguments");
    }
    size = arguments.getLast();
    return arguments.subList(0, arguments.size() - 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "preallocation" -> preallocation = preallocation(value);
      case "shrink" -> shrinking = true;
      case "quiet" -> quiet = true;
      default -> access.accept(option, value);
    }
  }

  private static Preallocation preallocation(String mode) throws UsageException {
    return switch (mode) {
      case "off" -> Preallocation.OFF;
      case "metadata" -> Preallocation.METADATA;
      case "falloc" -> Preallocation.FALLOC;
      case "full" -> Preallocation.FULL;
      default -> throw UsageException.wrongValue("Invalid preallocation mode '" + mode + "'");
    };
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 1) {
      throw UsageException.wrongForm("Expecting image file name and size");
    }
    boolean larger = size.startsWith("+");
    boolean smaller = size.startsWith("-");
    // What is no size is refused as the value of an option of that name.
    FormatOptions number = FormatOptions.ofSize(larger || smaller ? size.substring(1) : size);
    long bytes = number.size("size", 0);
    try (DiskImage image = access.openWriting(access.name(operands.getFirst(), format))) {
      long present = image.virtualSize();
      long total = larger ? present + bytes : smaller ? present - bytes : bytes;
      requireSense(present, total);
      resize(image, total);
    }
    console().onlyAnswerLeft();
    if (!quiet) {
      console().out().print("Image resized.\n");
    }
    return 0;
  }

  private void requireSense(long present, long total) throws UsageException, CommandFailure {
    if (total <= 0) {
      throw UsageException.wrongValue("New image size must be positive");
    }
    if (total <= present && preallocation != Preallocation.OFF) {
      throw UsageException.wrongValue("Preallocation can only be used for growing images");
    }
    if (total < present && !shrinking) {
      throw UsageException.wrongValue("Use the --shrink option to perform a shrink operation.")
          .followedBy(
              "warning: Shrinking an image will delete all data beyond the shrunken image's end."
                  + " Before performing such an operation, make sure there is no important data"
                  + " there.");
    }
    access.requireSize(total);
  }

  private void resize(DiskImage image, long total)
      throws UsageException, CommandFailure, JobCancelledException {
    JobControl control = console().startJob();
    try {
      switch (image) {
        case RawImage raw -> {
          if (preallocation == Preallocation.METADATA) {
            throw UsageException.wrongValue("Unsupported preallocation mode: metadata");
          }
          raw.resize(total, preallocation, control);
        }
        case Qcow2Image qcow2 -> {
          if (total % SECTOR_BYTES != 0) {
            throw UsageException.wrongValue("The new size must be a multiple of " + SECTOR_BYTES);
          }
          qcow2.resize(total, preallocation, control);
        }
      }
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailure(1, sentence(e), console().errorText().hint(e), e);
    }
  }

  private String sentence(IOException failure) {
    String doing =
        switch (failure instanceof SystemCallException call ? call.call() : "") {
          case "ftruncate" -> "Could not resize file: ";
          case "fallocate" -> "Could not preallocate new data: ";
          case "pwrite" ->
              preallocation == Preallocation.FULL
                  ? "Could not write zeros for preallocation: "
                  : "";
          default -> "";
        };
    return doing.isEmpty()
        ? console().errorText().line(failure)
        : doing + console().errorText().reason(failure);
  }
}
