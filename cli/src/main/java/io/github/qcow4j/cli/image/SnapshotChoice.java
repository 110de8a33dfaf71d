package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Which internal snapshot is meant by the value of {@code -l}.
 *
 * @param id the identifier wanted, or null for any
 * @param name the name wanted, or null for any
 * @param either an identifier or else a name, or null when the others are given
 */
record SnapshotChoice(@Nullable String id, @Nullable String name, @Nullable String either) {

  /** Understands {@code snapshot.id=ID,snapshot.name=NAME}, or else an identifier or name. */
  static SnapshotChoice of(String text) throws UsageException {
    if (!text.startsWith("snapshot.")) {
      return new SnapshotChoice(null, null, text);
    }
    String id = null;
    String name = null;
    for (String part : text.split(",", -1)) {
      if (part.startsWith("snapshot.id=")) {
        id = part.substring("snapshot.id=".length());
      } else if (part.startsWith("snapshot.name=")) {
        name = part.substring("snapshot.name=".length());
      } else {
        int equals = part.indexOf('=');
        throw UsageException.wrongValue(
                "Invalid parameter '" + (equals < 0 ? part : part.substring(0, equals)) + "'")
            .followedBy("Failed in parsing snapshot param '" + text + "'");
      }
    }
    return new SnapshotChoice(id, name, null);
  }

  /**
   * The contents of the snapshot in the size of the present disk, which is what {@code qemu-img}
   * takes.
   */
  DiskImage open(DiskImage image, ErrorText errorText) throws CommandFailure {
    if (!(image instanceof Qcow2Image qcow2)) {
      throw new CommandFailure(
          1,
          "Failed to load snapshot: Block format '"
              + image.format().label()
              + "' used by device '' does not support temporarily loading internal snapshots");
    }
    InternalSnapshot snapshot = find(qcow2);
    if (snapshot == null) {
      throw new CommandFailure(1, "Failed to load snapshot: Can't find snapshot");
    }
    try {
      return qcow2.openSnapshot(snapshot, qcow2.virtualSize());
    } catch (IOException e) {
      throw new CommandFailure(1, "Failed to load snapshot: " + errorText.reason(e), null, e);
    }
  }

  private @Nullable InternalSnapshot find(Qcow2Image image) {
    return either == null ? first(image, id, name) : byIdOrName(image, either);
  }

  /** The first snapshot of that identifier, or else of that name, or null. */
  static @Nullable InternalSnapshot byIdOrName(Qcow2Image image, String wanted) {
    InternalSnapshot byId = first(image, wanted, null);
    return byId != null ? byId : byName(image, wanted);
  }

  /** The first snapshot of that name, or null. */
  static @Nullable InternalSnapshot byName(Qcow2Image image, String wanted) {
    return first(image, null, wanted);
  }

  private static @Nullable InternalSnapshot first(
      Qcow2Image image, @Nullable String id, @Nullable String name) {
    for (InternalSnapshot snapshot : image.snapshots()) {
      if ((id == null || ShownText.of(snapshot.id()).equals(id))
          && (name == null || ShownText.of(snapshot.name()).equals(name))) {
        return snapshot;
      }
    }
    return null;
  }
}
