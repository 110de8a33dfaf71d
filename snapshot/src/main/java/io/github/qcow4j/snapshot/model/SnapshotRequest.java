package io.github.qcow4j.snapshot.model;

import io.github.qcow4j.snapshot.quiesce.OnQuiesceFailure;
import io.github.qcow4j.snapshot.quiesce.QuiesceMode;

/**
 * A snapshot to be made of a box, whether it runs or not.
 *
 * @param box the box's name
 * @param name the snapshot's name
 * @param description for people, may be empty
 * @param mode how whoever writes to a running box is made to hold still
 * @param onFailure what to do when that fails
 */
public record SnapshotRequest(
    String box, String name, String description, QuiesceMode mode, OnQuiesceFailure onFailure) {

  /** A snapshot without a description, as consistent as can be had by itself. */
  public SnapshotRequest(String box, String name) {
    this(box, name, "", new QuiesceMode.Auto(), OnQuiesceFailure.ABORT);
  }
}
