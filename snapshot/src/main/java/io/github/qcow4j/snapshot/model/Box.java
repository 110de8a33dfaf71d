package io.github.qcow4j.snapshot.model;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A named set of disks.
 *
 * @param id stays the same as long as the box lives
 * @param name what people call it
 * @param status what is going on with it
 * @param holder who holds it as running, or works on it, or null
 * @param createdAt when it was made
 * @param disks its live disks, root first
 * @param otherFiles what came with it from a directory beside the disks, by name
 * @param carried a JSON text that came with the box from elsewhere and goes where it goes, or null
 */
public record Box(
    String id,
    String name,
    BoxStatus status,
    @Nullable Holder holder,
    Instant createdAt,
    List<BoxDisk> disks,
    List<OtherFile> otherFiles,
    @Nullable String carried) {

  public Box {
    disks = List.copyOf(disks);
    otherFiles = List.copyOf(otherFiles);
  }
}
