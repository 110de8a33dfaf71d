package io.github.qcow4j.cli;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.image.AmendCommand;
import io.github.qcow4j.cli.image.BenchCommand;
import io.github.qcow4j.cli.image.BitmapCommand;
import io.github.qcow4j.cli.image.ChainCommand;
import io.github.qcow4j.cli.image.CheckCommand;
import io.github.qcow4j.cli.image.ChecksumCommand;
import io.github.qcow4j.cli.image.CommitCommand;
import io.github.qcow4j.cli.image.CompareCommand;
import io.github.qcow4j.cli.image.ConvertCommand;
import io.github.qcow4j.cli.image.CreateCommand;
import io.github.qcow4j.cli.image.DdCommand;
import io.github.qcow4j.cli.image.FlattenCommand;
import io.github.qcow4j.cli.image.InfoCommand;
import io.github.qcow4j.cli.image.MapCommand;
import io.github.qcow4j.cli.image.MeasureCommand;
import io.github.qcow4j.cli.image.RebaseCommand;
import io.github.qcow4j.cli.image.ResizeCommand;
import io.github.qcow4j.cli.image.SnapshotCommand;
import io.github.qcow4j.cli.image.VerifyCommand;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The commands by name. Only the one that is called is loaded. */
public final class CommandTable {

  /** The commands of {@code qemu-img} that there are, in alphabetical order. */
  public static final List<String> QEMU_IMG =
      List.of(
          "amend",
          "bench",
          "bitmap",
          "check",
          "commit",
          "compare",
          "convert",
          "create",
          "dd",
          "info",
          "map",
          "measure",
          "rebase",
          "resize",
          "snapshot");

  /** The commands of our own. */
  public static final List<String> OWN = List.of("chain", "checksum", "flatten", "verify");

  /** The command that has commands of its own, with exit codes of its own. */
  static final String BOXES = "box";

  private CommandTable() {}

  /**
   * The command of that name, or null.
   *
   * @param console what surrounds the call
   */
  public static @Nullable Command find(String name, Console console) {
    return switch (name) {
      case "amend" -> new AmendCommand(console);
      case "bench" -> new BenchCommand(console);
      case "bitmap" -> new BitmapCommand(console);
      case "check" -> new CheckCommand(console);
      case "commit" -> new CommitCommand(console);
      case "compare" -> new CompareCommand(console);
      case "convert" -> new ConvertCommand(console);
      case "create" -> new CreateCommand(console);
      case "dd" -> new DdCommand(console);
      case "info" -> new InfoCommand(console);
      case "map" -> new MapCommand(console);
      case "measure" -> new MeasureCommand(console);
      case "rebase" -> new RebaseCommand(console);
      case "resize" -> new ResizeCommand(console);
      case "snapshot" -> new SnapshotCommand(console);
      default -> console.personality() == Personality.QCOW4J ? findOwn(name, console) : null;
    };
  }

  private static @Nullable Command findOwn(String name, Console console) {
    return switch (name) {
      case "chain" -> new ChainCommand(console);
      case "checksum" -> new ChecksumCommand(console);
      case "flatten" -> new FlattenCommand(console);
      case "verify" -> new VerifyCommand(console);
      default -> null;
    };
  }
}
