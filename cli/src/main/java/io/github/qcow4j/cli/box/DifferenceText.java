package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.cli.output.SizeFormat;
import io.github.qcow4j.snapshot.model.DiskDifference;
import io.github.qcow4j.snapshot.model.DiskDifference.Range;
import java.util.ArrayList;
import java.util.List;

/** What differs between two moments, for people and for programs. */
final class DifferenceText {

  private DifferenceText() {}

  static String of(List<DiskDifference> differences) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("DISK", "OFFSET", "LENGTH"));
    long bytes = 0;
    for (DiskDifference disk : differences) {
      for (Range range : disk.ranges()) {
        rows.add(
            List.of(
                disk.role(),
                Long.toString(range.guestOffset()),
                Long.toString(range.lengthBytes())));
      }
      bytes += disk.changedBytes();
    }
    String total = SizeFormat.of(bytes) + " may differ\n";
    return rows.size() == 1 ? total : BoxText.table(rows) + total;
  }

  /** {@code "disks": [...]}. */
  static void members(JsonWriter json, List<DiskDifference> differences) {
    json.key("disks").array();
    for (DiskDifference disk : differences) {
      json.object()
          .member("role", disk.role())
          .member("old_virtual_size", disk.oldSizeBytes())
          .member("new_virtual_size", disk.newSizeBytes())
          .member("changed_bytes", disk.changedBytes())
          .key("ranges")
          .array();
      for (Range range : disk.ranges()) {
        json.object()
            .member("offset", range.guestOffset())
            .member("length", range.lengthBytes())
            .end();
      }
      json.end().end();
    }
    json.end();
  }
}
