package io.github.qcow4j.snapshot.model;

import java.util.Locale;

/** What is going on with a box. */
public enum BoxStatus {
  /** Nothing runs on it. */
  STOPPED,
  /** A program holds it as running. */
  RUNNING,
  /** A snapshot is being made. */
  SNAPSHOTTING,
  /** Its disks are being put back. */
  RESTORING,
  /** It is being exported. */
  EXPORTING,
  /** It is being cloned. */
  CLONING,
  /** Its disks are not what the catalogue says; see {@code check}. */
  QUARANTINED;

  /** The name in catalogues and reports. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The status of that name. */
  public static BoxStatus ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
