package io.github.qcow4j.snapshot.model;

import java.time.Instant;
import java.util.List;

/**
 * The disks of a box as they were at one moment.
 *
 * @param id stays the same as long as the snapshot lives
 * @param boxId the box
 * @param name unique in its box
 * @param description what people noted, may be empty
 * @param createdAt when it was made
 * @param lastUsedAt when it was last restored, cloned or exported, or made
 * @param disks its disks, root first
 */
public record Snapshot(
    String id,
    String boxId,
    String name,
    String description,
    Instant createdAt,
    Instant lastUsedAt,
    List<SnapshotDisk> disks) {

  public Snapshot {
    disks = List.copyOf(disks);
  }

  /** Size of the root disk in bytes. */
  public long containerDiskBytes() {
    return disks.isEmpty() ? 0 : disks.getFirst().virtualSizeBytes();
  }

  /** Length of all frozen files together, in bytes. */
  public long sizeBytes() {
    return disks.stream().mapToLong(SnapshotDisk::fileBytes).sum();
  }
}
