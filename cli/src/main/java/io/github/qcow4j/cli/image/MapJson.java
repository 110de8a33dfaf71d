package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.map.MapEntry;
import java.io.PrintStream;

/** The map as an array of objects, one on each line. */
final class MapJson implements MapPrinter {

  private final PrintStream out;

  MapJson(PrintStream out) {
    this.out = out;
  }

  @Override
  public void begin() {
    out.print("[");
  }

  @Override
  public void print(MapEntry entry, boolean last) {
    StringBuilder line = new StringBuilder();
    line.append("{ \"start\": ")
        .append(entry.start())
        .append(", \"length\": ")
        .append(entry.length())
        .append(", \"depth\": ")
        .append(entry.depth())
        .append(", \"present\": ")
        .append(entry.present())
        .append(", \"zero\": ")
        .append(entry.zero())
        .append(", \"data\": ")
        .append(entry.data());
    if (entry.hasOffset()) {
      line.append(", \"offset\": ").append(entry.offset());
    }
    out.print(line.append(last ? "}" : "},\n"));
  }

  @Override
  public void end() {
    out.print("]\n");
  }
}
