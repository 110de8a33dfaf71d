package io.github.qcow4j.cli.image;

import static io.github.qcow4j.cli.output.Columns.left;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.qcow2.map.MapEntry;
import java.io.PrintStream;
import java.nio.file.Path;

/** The map as a table of those ranges that stand as plain bytes in some file. */
final class MapTable implements MapPrinter {

  private static final int WIDTH = 16;

  private final PrintStream out;
  private final ImageName name;

  MapTable(PrintStream out, ImageName name) {
    this.out = out;
    this.name = name;
  }

  @Override
  public void begin() {
    out.print(left("Offset", WIDTH) + left("Length", WIDTH) + left("Mapped to", WIDTH) + "File\n");
  }

  @Override
  public void print(MapEntry entry, boolean last) throws CommandFailure {
    if (!entry.data()) {
      return;
    }
    Path file = entry.file();
    if (file == null) {
      throw new CommandFailure(1, "File contains external, encrypted or compressed clusters.");
    }
    if (!entry.zero()) {
      out.print(
          hex(entry.start())
              + hex(entry.length())
              + hex(entry.offset())
              + ErrorText.oneLine(file.equals(name.path()) ? name.file() : file.toString())
              + "\n");
    }
  }

  @Override
  public void end() {}

  private static String hex(long number) {
    return left(number == 0 ? "0" : "0x" + Long.toHexString(number), WIDTH);
  }
}
