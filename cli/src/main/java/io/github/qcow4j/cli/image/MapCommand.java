package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.map.MapEntry;
import io.github.qcow4j.qcow2.map.MapWalk;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code map}: which layer, and which place of which file, holds each range of the disk. */
public final class MapCommand extends Command {

  private static final Description DESCRIPTION =
      new Description(
          "map",
          "FILE",
          "Shows which file of the chain holds each range of the disk, and where",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.value('s', "start-offset", "OFFSET", "begin at this offset of the disk"),
              Option.value('l', "max-length", "LENGTH", "go no further than so many bytes"),
              OutputFormat.OPTION,
              ImageAccess.FORCE_SHARE,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private String output = "human";
  private long startOffset;
  private long maxLength = Long.MAX_VALUE;

  /**
   * @param console what surrounds the call
   */
  public MapCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "output" -> output = value;
      case "start-offset" -> startOffset = SizeText.parse("start offset", value);
      case "max-length" -> maxLength = SizeText.parse("max length", value);
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 1) {
      throw UsageException.wrongForm("Expecting one image file name");
    }
    OutputFormat outputFormat = OutputFormat.of(output);
    ImageName name = access.name(operands.getFirst(), format);
    try (DiskImage image = access.open(name)) {
      MapPrinter printer =
          switch (outputFormat) {
            case HUMAN -> new MapTable(console().out(), name);
            case JSON -> new MapJson(console().out());
          };
      printer.begin();
      print(image, printer);
      printer.end();
    }
    return 0;
  }

  private void print(DiskImage image, MapPrinter printer)
      throws CommandFailure, JobCancelledException {
    long begin = Math.min(startOffset, image.virtualSize());
    long length = Math.min(maxLength, image.virtualSize() - begin);
    JobControl control = console().startJob();
    control.checkpoint();
    MapWalk walk = new MapWalk(image, begin, length);
    MapEntry entry = length == 0 ? MapEntry.nothingAt(startOffset) : next(walk);
    while (entry != null) {
      // An image of some kilobytes can have millions of extents.
      control.checkpoint();
      MapEntry next = length == 0 ? null : next(walk);
      printer.print(entry, next == null);
      entry = next;
    }
  }

  private @Nullable MapEntry next(MapWalk walk) throws CommandFailure {
    try {
      return walk.next();
    } catch (IOException e) {
      throw new CommandFailure(
          1, "Could not read file metadata: " + console().errorText().reason(e), null, e);
    }
  }
}
