package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code snapshot}: lists, takes, applies and deletes internal snapshots of an image. */
public final class SnapshotCommand extends Command {

  private static final Description DESCRIPTION =
      new Description(
          "snapshot",
          "FILE",
          "Lists, takes, applies or deletes the internal snapshots of an image",
          OptionTable.of(
              Option.flag('l', "list", "list the snapshots, as without any action"),
              Option.value('c', "create", "NAME", "take a snapshot of the disk as it is"),
              Option.value(
                  'a', "apply", "SNAPSHOT", "make the disk what a snapshot holds: its id, or name"),
              Option.value('d', "delete", "NAME", "delete the first snapshot of that name"),
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              ImageAccess.FORCE_SHARE,
              ImageAccess.QUIET,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private @Nullable String action;
  private String snapshot = "";

  /**
   * @param console what surrounds the call
   */
  public SnapshotCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "list", "create", "apply", "delete" -> {
        if (action != null) {
          throw UsageException.wrongForm("Cannot mix '-l', '-a', '-c', '-d'");
        }
        action = option;
        snapshot = value;
      }
      case "format" -> format = value;
      case "quiet" -> {}
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 1) {
      throw UsageException.wrongForm("Expecting one image file name");
    }
    ImageName name = access.name(operands.getFirst(), format);
    SnapshotActions actions = new SnapshotActions(console(), access);
    switch (action) {
      case "create" -> actions.create(name, snapshot);
      case "apply" -> actions.apply(name, snapshot);
      case "delete" -> actions.delete(name, snapshot);
      case null, default -> {
        list(name);
        return 0;
      }
    }
    console().onlyAnswerLeft();
    return 0;
  }

  private void list(ImageName name) throws UsageException, CommandFailure, IOException {
    try (DiskImage image = access.open(name)) {
      if (image instanceof Qcow2Image qcow2 && !qcow2.snapshots().isEmpty()) {
        console().out().print("Snapshot list:\n");
        SnapshotTableText.print(qcow2.snapshots(), console().out());
      }
    }
  }
}
