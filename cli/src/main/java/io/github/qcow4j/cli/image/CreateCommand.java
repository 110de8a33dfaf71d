package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.ImageFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code create}: makes an empty image, or one over a backing file. */
public final class CreateCommand extends Command {

  private static final Description DESCRIPTION =
      new Description(
          "create",
          "FILE [SIZE]",
          "Makes an image of zeros, or one that shows a backing file until it is written to; it"
              + " appears when it is complete",
          OptionTable.of(
              Option.value('f', "format", "FMT", "the image's format, raw if not given"),
              Option.value(
                  'o', "options", "OPTIONS", "options of the format as name=value,...; help lists"),
              Option.value('b', "backing", "FILE", "the backing file, relative to the image"),
              Option.value('B', "backing-format", "FMT", "the backing file's format")
                  .withOlderLetter('F'),
              Option.flag('u', "backing-unsafe", "do not look at the backing file"),
              ImageAccess.QUIET,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private final List<String> optionLists = new ArrayList<>();
  private String format = "raw";
  private @Nullable String backing;
  private @Nullable String backingFormat;
  private boolean unsafe;
  private boolean quiet;

  /**
   * @param console what surrounds the call
   */
  public CreateCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "options" -> {
        FormatOptions.requireList(value);
        optionLists.add(value);
      }
      case "backing" -> backing = value;
      case "backing-format" -> backingFormat = value;
      case "backing-unsafe" -> unsafe = true;
      case "quiet" -> quiet = true;
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (FormatHelp.isWanted(optionLists)) {
      console().out().print(FormatHelp.of(format, operands.isEmpty() ? null : operands.getFirst()));
      return 0;
    }
    if (operands.isEmpty()) {
      throw UsageException.wrongForm("Expecting image file name");
    }
    String file = operands.getFirst();
    Long size = operands.size() < 2 ? null : SizeText.parse("image size", operands.get(1));
    if (operands.size() > 2) {
      throw UsageException.wrongForm("Unexpected argument: " + operands.get(2));
    }
    create(file, size);
    console().onlyAnswerLeft();
    return 0;
  }

  private void create(String file, @Nullable Long size)
      throws UsageException, CommandFailure, IOException {
    ImageFormat known =
        ImageFormat.byLabel(format)
            .orElseThrow(() -> new CommandFailure(1, file + ": " + UnknownFormat.refusal(format)));
    ImageName name = ImageNames.newImage(file);
    FormatOptions options = options(file, size);
    BackingChoice.check(file, options);
    BackingChoice backingChoice = new BackingChoice(console(), access, name, options);
    long sizeBytes = backingChoice.sizeOr(unsafe);
    access.requireSize(file + ": ", sizeBytes);
    if (!quiet) {
      console()
          .out()
          .print("Formatting '" + file + "', fmt=" + format + " " + options.shown() + "\n");
    }
    new ImageMaker(console(), backingChoice).create(name, known, options, sizeBytes);
  }

  private FormatOptions options(String file, @Nullable Long size)
      throws UsageException, CommandFailure {
    FormatOptions options;
    try {
      options = new FormatOptions(format, optionLists);
    } catch (UsageException e) {
      throw e.after(file + ": ");
    }
    if (size != null) {
      refuseIf(options.text("size") != null, file, "The image size must be specified only once");
      options.set("size", size.toString());
    }
    refuseIf(
        backing != null && !options.set("backing_file", backing),
        file,
        "Backing file not supported for file format '" + format + "'");
    refuseIf(
        backingFormat != null && !options.set("backing_fmt", backingFormat),
        file,
        "Backing file format not supported for file format '" + format + "'");
    return options;
  }

  private static void refuseIf(boolean condition, String file, String message)
      throws CommandFailure {
    if (condition) {
      throw new CommandFailure(1, file + ": " + message);
    }
  }
}
