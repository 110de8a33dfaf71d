package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.cli.output.SizeFormat;
import io.github.qcow4j.snapshot.model.Collected;
import java.util.List;

/** What a collection did, for people and for programs. */
final class CollectedText {

  private CollectedText() {}

  static String of(List<Collected> lines, boolean dryRun) {
    StringBuilder text = new StringBuilder();
    long bytes = 0;
    int count = 0;
    for (Collected line : lines) {
      boolean goes = line.hindrance() == null;
      text.append(goes ? dryRun ? "would remove " : "removed " : "kept ")
          .append(line.kind())
          .append(" '")
          .append(line.name())
          .append("', ")
          .append(SizeFormat.of(line.bytes()))
          .append(", ")
          .append(line.causeLabels())
          .append(": ")
          .append(line.reason());
      if (line.hindrance() != null) {
        text.append(line.failed() ? "; failed: " : "; not removed: ").append(line.hindrance());
      }
      text.append('\n');
      bytes += goes ? line.bytes() : 0;
      count += goes ? 1 : 0;
    }
    return text.append(count)
        .append(dryRun ? " would go, " : " gone, ")
        .append(SizeFormat.of(bytes))
        .append('\n')
        .toString();
  }

  /** {@code "dry_run": ..., "collected": [...]}. */
  static void members(JsonWriter json, List<Collected> lines, boolean dryRun) {
    json.member("dry_run", dryRun).key("collected").array();
    for (Collected line : lines) {
      json.object()
          .member("kind", line.kind())
          .member("name", line.name())
          .member("size_bytes", line.bytes())
          .member("reason", line.causeLabels())
          .member("detail", line.reason())
          .member("removed", line.removed());
      BoxJson.method(json, line.method());
      if (line.hindrance() != null) {
        json.member("hindrance", line.hindrance()).member("failed", line.failed());
      }
      json.end();
    }
    json.end();
  }
}
