package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.cli.output.SizeFormat;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.Captured;
import io.github.qcow4j.snapshot.model.Created;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.OtherFile;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotDisk;
import io.github.qcow4j.snapshot.model.TreeNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Boxes and snapshots for people. */
final class BoxText {

  private static final String GAP = "  ";

  private BoxText() {}

  static String made(Created created) {
    StringBuilder text = new StringBuilder();
    for (Box box : created.boxes()) {
      text.append("box '").append(box.name()).append("' is made");
      if (created.method() != null) {
        text.append(", by ").append(words(created.method().name()));
      }
      text.append('\n');
    }
    return text.toString();
  }

  /** What there is to tell of a capture; nothing of a fork. */
  static String captured(Captured captured) {
    StringBuilder text = new StringBuilder();
    if (captured.consistency() != null) {
      text.append("captured by ")
          .append(words(String.valueOf(captured.method())))
          .append(", consistency: ")
          .append(words(captured.consistency().name()))
          .append('\n');
    }
    captured
        .shortfalls()
        .forEach(each -> text.append("not better because ").append(each).append('\n'));
    return text.toString();
  }

  private static String words(String constant) {
    return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  static String boxes(List<Box> boxes) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NAME", "STATUS", "DISKS", "SIZE", "CREATED"));
    for (Box box : boxes) {
      long size = box.disks().stream().mapToLong(BoxDisk::virtualSizeBytes).sum();
      rows.add(
          List.of(
              box.name(),
              box.status().label(),
              Integer.toString(box.disks().size()),
              SizeFormat.of(size),
              BoxJson.time(box.createdAt())));
    }
    return table(rows);
  }

  static String box(Box box) {
    StringBuilder text = new StringBuilder();
    text.append("name: ").append(box.name()).append('\n');
    text.append("id: ").append(box.id()).append('\n');
    text.append("status: ").append(box.status().label()).append('\n');
    Holder holder = box.holder();
    if (holder != null) {
      text.append("held by: ").append(holder.inWords()).append('\n');
    }
    text.append("created: ").append(BoxJson.time(box.createdAt())).append('\n');
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("DISK", "SIZE", "ALLOCATED", "DEPTH", "PATH"));
    for (BoxDisk disk : box.disks()) {
      rows.add(
          List.of(
              disk.role(),
              SizeFormat.of(disk.virtualSizeBytes()),
              SizeFormat.of(disk.allocatedBytes()),
              Integer.toString(disk.chainDepth()),
              disk.path().toString()));
    }
    return text.append(table(rows)).append(otherFiles(box)).toString();
  }

  private static String otherFiles(Box box) {
    if (box.otherFiles().isEmpty()) {
      return "";
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("OTHER FILE", "SIZE"));
    for (OtherFile file : box.otherFiles()) {
      rows.add(List.of(ErrorText.oneLine(file.name()), SizeFormat.of(file.sizeBytes())));
    }
    return table(rows);
  }

  static String snapshots(List<Snapshot> snapshots) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NAME", "SIZE", "FILES", "CREATED", "DESCRIPTION"));
    for (Snapshot each : snapshots) {
      rows.add(
          List.of(
              each.name(),
              SizeFormat.of(each.containerDiskBytes()),
              SizeFormat.of(each.sizeBytes()),
              BoxJson.time(each.createdAt()),
              ErrorText.oneLine(each.description())));
    }
    return table(rows);
  }

  static String snapshot(Snapshot snapshot) {
    StringBuilder text = new StringBuilder();
    text.append("name: ").append(snapshot.name()).append('\n');
    text.append("id: ").append(snapshot.id()).append('\n');
    if (!snapshot.description().isEmpty()) {
      text.append("description: ").append(ErrorText.oneLine(snapshot.description())).append('\n');
    }
    text.append("created: ").append(BoxJson.time(snapshot.createdAt())).append('\n');
    text.append("last used: ").append(BoxJson.time(snapshot.lastUsedAt())).append('\n');
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("DISK", "SIZE", "FILE", "DEPTH", "PATH"));
    for (SnapshotDisk disk : snapshot.disks()) {
      rows.add(
          List.of(
              disk.role(),
              SizeFormat.of(disk.virtualSizeBytes()),
              SizeFormat.of(disk.fileBytes()),
              Integer.toString(disk.chainDepth()),
              disk.path().toString()));
    }
    return text.append(table(rows)).toString();
  }

  static String tree(List<TreeNode> roots) {
    StringBuilder text = new StringBuilder();
    roots.forEach(each -> tree(each, "", "", text));
    return text.toString();
  }

  private static void tree(TreeNode node, String before, String below, StringBuilder text) {
    text.append(before).append(node.name()).append(" (");
    text.append(node.kind().replace('_', ' ')).append(")\n");
    for (int i = 0; i < node.children().size(); i++) {
      boolean last = i == node.children().size() - 1;
      tree(
          node.children().get(i),
          below + (last ? "└─ " : "├─ "),
          below + (last ? "   " : "│  "),
          text);
    }
  }

  /** Columns as wide as their widest cell, the last one as long as it is. */
  static String table(List<List<String>> rows) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], DisplayColumns.of(row.get(i)));
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String cell = row.get(i);
        line.append(i == 0 ? "" : GAP).append(cell);
        line.append(" ".repeat(widths[i] - DisplayColumns.of(cell)));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }
}
