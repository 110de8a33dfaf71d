package io.github.qcow4j.qcow2.snapshot;

import java.io.IOException;

/**
 * A snapshot was taken, durably, and then the storage failed while its tables were moved to the
 * front of the file. The image is as after a power cut, good but for leaked clusters, and is to be
 * opened anew before it is changed again.
 */
public final class SnapshotTakenException extends IOException {

  private static final long serialVersionUID = 1L;

  private final IOException reason;

  /**
   * @param name the snapshot's name
   * @param reason how the storage failed
   */
  public SnapshotTakenException(String name, IOException reason) {
    super("Snapshot '" + name + "' is taken, but then: " + reason.getMessage(), reason);
    this.reason = reason;
  }

  /** How the storage failed. */
  public IOException reason() {
    return reason;
  }
}
