package io.github.qcow4j.snapshot.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A box to be made.
 *
 * @param name its name
 * @param disks where its disks come from; the first has the role {@code root}
 * @param carried a JSON text to go with it, or null
 */
public record CreateRequest(String name, List<DiskSource> disks, @Nullable String carried) {

  public CreateRequest {
    disks = List.copyOf(disks);
  }

  /** A box of these disks, with nothing to carry. */
  public CreateRequest(String name, List<DiskSource> disks) {
    this(name, disks, null);
  }
}
