package io.github.qcow4j.snapshot.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Boxes to be cloned from one.
 *
 * @param box the box's name
 * @param snapshot the name of the snapshot that they begin as, or null for the live disks
 * @param names the clones' names, at least one
 * @param full whether they are to depend on nothing
 */
public record CloneRequest(
    String box, @Nullable String snapshot, List<String> names, boolean full) {

  public CloneRequest {
    names = List.copyOf(names);
  }
}
