package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.bitmap.BitmapChangeException;
import io.github.qcow4j.qcow2.bitmap.BitmapSource;
import io.github.qcow4j.qcow2.bitmap.BitmapsChangedException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code bitmap}: changes a bitmap of an image. */
public final class BitmapCommand extends Command {

  private static final String REMOVE_HINT =
      "Try block-dirty-bitmap-remove to delete this bitmap from disk";

  private static final Description DESCRIPTION =
      new Description(
          "bitmap",
          "FILE BITMAP",
          "Changes a dirty bitmap of an image, by one action or several in the order given",
          OptionTable.of(
              Option.flag("add", "add the bitmap, which follows every write from now on"),
              Option.flag("remove", "remove it"),
              Option.flag("clear", "clear all its marks"),
              Option.flag("enable", "let it follow every write from now on"),
              Option.flag("disable", "leave it as it is from now on"),
              Option.value("merge", "SOURCE", "mark what the bitmap SOURCE has marked"),
              Option.value('g', "granularity", "SIZE", "the bytes for one mark, with --add"),
              Option.value('b', "source-file", "FILE", "where SOURCE is, with --merge"),
              Option.value('F', "source-format", "FMT", "the format of that file"),
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  /** One action; what it needs besides is not known before all options are. */
  private record Action(String name, String source) {}

  private final ImageAccess access;
  private final List<Action> actions = new ArrayList<>();
  private @Nullable String format;
  private @Nullable String sourceFile;
  private @Nullable String sourceFormat;
  private long granularityBytes;

  /**
   * @param console what surrounds the call
   */
  public BitmapCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "add", "remove", "clear", "enable", "disable", "merge" ->
          actions.add(new Action(option, value));
      case "granularity" -> granularityBytes = SizeText.parse("granularity", value);
      case "source-file" -> sourceFile = value;
      case "source-format" -> sourceFormat = value;
      case "format" -> format = value;
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 2) {
      throw UsageException.wrongValue("Expecting filename and bitmap name");
    }
    requireSense();
    String bitmap = operands.get(1);
    try (DiskImage image = access.openAlone(access.name(operands.getFirst(), format))) {
      try (DiskImage source = openSource()) {
        change(image, source, bitmap);
      }
    }
    console().onlyAnswerLeft();
    return 0;
  }

  private void requireSense() throws UsageException {
    if (actions.isEmpty()) {
      throw UsageException.wrongValue(
          "Need at least one of --add, --remove, --clear, --enable, --disable, or --merge");
    }
    if (granularityBytes != 0 && actions.stream().noneMatch(each -> each.name.equals("add"))) {
      throw UsageException.wrongValue("granularity only supported with --add");
    }
    if (sourceFormat != null && sourceFile == null) {
      throw UsageException.wrongValue("-F only supported with -b");
    }
    if (sourceFile != null && actions.stream().noneMatch(each -> each.name.equals("merge"))) {
      throw UsageException.wrongValue("Merge bitmap source file only supported with --merge");
    }
  }

  private @Nullable DiskImage openSource() throws UsageException, CommandFailure {
    return sourceFile == null
        ? null
        : access.openMetadata(new ImageNames(1).plain(sourceFile, sourceFormat));
  }

  /** A raw image has no bitmaps. */
  private static BitmapSource bitmapsOf(DiskImage source, Qcow2Image target) {
    return source instanceof Qcow2Image qcow2
        ? qcow2.bitmapSource()
        : new BitmapSource(target.imageFile(), target.header(), List.of());
  }

  private void change(DiskImage image, @Nullable DiskImage source, String bitmap)
      throws CommandFailure, IOException {
    if (!(image instanceof Qcow2Image qcow2)) {
      throw failed(actions.getFirst().name, bitmap, refusalOfRaw(image, bitmap), null, null);
    }
    BitmapSource from = source == null ? null : bitmapsOf(source, qcow2);
    List<BitmapChange> changes = new ArrayList<>();
    for (Action action : actions) {
      changes.add(changeOf(action, bitmap, from));
    }
    try {
      qcow2.changeBitmaps(changes);
    } catch (BitmapsChangedException e) {
      String reason = console().errorText().reason(e.reason());
      throw new CommandFailure(
          1,
          "Bitmap '%s' was changed, but tidying the file up failed: %s".formatted(bitmap, reason),
          null,
          e);
    } catch (BitmapChangeException e) {
      throw failed(
          nameOf(e.change()),
          bitmap,
          String.valueOf(e.getMessage()),
          e.isInUse() ? REMOVE_HINT : null,
          e);
    }
  }

  private String refusalOfRaw(DiskImage image, String bitmap) {
    return actions.getFirst().name.equals("add")
        ? "Can't store persistent bitmaps to " + image.path() + ": Operation not supported"
        : "Dirty bitmap '" + bitmap + "' not found";
  }

  private BitmapChange changeOf(Action action, String bitmap, @Nullable BitmapSource source) {
    return switch (action.name) {
      case "add" -> new BitmapChange.Add(bitmap, granularityBytes);
      case "remove" -> new BitmapChange.Remove(bitmap);
      case "clear" -> new BitmapChange.Clear(bitmap);
      case "enable" -> new BitmapChange.Enable(bitmap);
      case "disable" -> new BitmapChange.Disable(bitmap);
      default -> new BitmapChange.Merge(bitmap, action.source, source);
    };
  }

  private static String nameOf(BitmapChange change) {
    return switch (change) {
      case BitmapChange.Add add -> "add";
      case BitmapChange.Remove remove -> "remove";
      case BitmapChange.Clear clear -> "clear";
      case BitmapChange.Enable enable -> "enable";
      case BitmapChange.Disable disable -> "disable";
      case BitmapChange.Merge merge -> "merge";
    };
  }

  private static CommandFailure failed(
      String action,
      String bitmap,
      String reason,
      @Nullable String hint,
      @Nullable Throwable cause) {
    return new CommandFailure(
        1, "Operation " + action + " on bitmap " + bitmap + " failed: " + reason, hint, cause);
  }
}
