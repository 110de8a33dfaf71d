package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.Captured;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.OtherFile;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotDisk;
import io.github.qcow4j.snapshot.model.TreeNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Boxes and snapshots as JSON: snake case, bytes, and times of RFC 3339 in UTC. */
final class BoxJson {

  private BoxJson() {}

  /** {@code {"boxes": [...]}}. */
  static void boxes(JsonWriter json, List<Box> boxes) {
    json.key("boxes").array();
    boxes.forEach(each -> box(json.object(), each).end());
    json.end();
  }

  /** The members of a box. */
  static JsonWriter box(JsonWriter json, Box box) {
    json.member("id", box.id())
        .member("name", box.name())
        .member("status", box.status().label())
        .member("created_at", time(box.createdAt()));
    Holder holder = box.holder();
    if (holder != null) {
      json.key("holder")
          .object()
          .member("pid", holder.pid())
          .member("started_at", time(holder.startedAt()))
          .member("command", holder.command())
          .end();
    }
    json.key("disks").array();
    for (BoxDisk disk : box.disks()) {
      json.object()
          .member("role", disk.role())
          .member("path", disk.path().toString())
          .member("virtual_size", disk.virtualSizeBytes())
          .member("allocated_size", disk.allocatedBytes())
          .member("chain_depth", disk.chainDepth())
          .end();
    }
    json.end().key("other_files").array();
    for (OtherFile file : box.otherFiles()) {
      json.object().member("name", file.name()).member("size_bytes", file.sizeBytes()).end();
    }
    return json.end();
  }

  /** The members of a snapshot. */
  static JsonWriter snapshot(JsonWriter json, Snapshot snapshot) {
    json.member("id", snapshot.id())
        .member("box_id", snapshot.boxId())
        .member("name", snapshot.name())
        .member("description", snapshot.description())
        .member("created_at", time(snapshot.createdAt()))
        .member("last_used_at", time(snapshot.lastUsedAt()))
        .member("container_disk_bytes", snapshot.containerDiskBytes())
        .member("size_bytes", snapshot.sizeBytes())
        .key("disks")
        .array();
    for (SnapshotDisk disk : snapshot.disks()) {
      json.object()
          .member("role", disk.role())
          .member("path", disk.path().toString())
          .member("virtual_size", disk.virtualSizeBytes())
          .member("allocated_size", disk.allocatedBytes())
          .member("chain_depth", disk.chainDepth())
          .end();
    }
    return json.end();
  }

  /** {@code {"snapshots": [...]}}. */
  static void snapshots(JsonWriter json, List<Snapshot> snapshots) {
    json.key("snapshots").array();
    snapshots.forEach(each -> snapshot(json.object(), each).end());
    json.end();
  }

  /** {@code {"tree": [...]}}. */
  static void tree(JsonWriter json, List<TreeNode> roots) {
    json.key("tree").array();
    roots.forEach(each -> tree(json, each));
    json.end();
  }

  /** A member with names. */
  static void names(JsonWriter json, String member, List<String> names) {
    json.key(member).array();
    names.forEach(json::string);
    json.end();
  }

  private static void tree(JsonWriter json, TreeNode node) {
    json.object().member("kind", node.kind()).member("name", node.name()).key("children").array();
    node.children().forEach(each -> tree(json, each));
    json.end().end();
  }

  /** How data was copied, if it was. */
  static void method(JsonWriter json, @Nullable CopyMethod method) {
    if (method != null) {
      json.member("method", method.name().toLowerCase(Locale.ROOT));
    }
  }

  /** How a snapshot was captured. */
  static void captured(JsonWriter json, Captured captured) {
    method(json, captured.method());
    if (captured.consistency() != null) {
      json.member("consistency", captured.consistency().name().toLowerCase(Locale.ROOT));
    }
    if (!captured.shortfalls().isEmpty()) {
      names(json, "shortfalls", captured.shortfalls());
    }
  }

  /** A moment, to the millisecond. */
  static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.MILLIS).toString();
  }
}
