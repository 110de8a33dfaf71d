package io.github.qcow4j.snapshot.catalogue;

import java.util.Locale;

/** What an image of a home is for. */
public enum ImageKind {
  /** The live disk of a box; the only kind that is written to. */
  DISK,
  /** A disk that a restore replaced, for undoing it. */
  KEPT,
  /** Frozen when a snapshot was made. */
  SNAPSHOT,
  /** Frozen when clones were made, or left when what it was for is gone but others need it. */
  CLONE_BASE,
  /** A copy of an image from outside. */
  ROOTFS;

  /** The name in catalogues and reports. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether it never changes, and goes when nothing needs it. */
  public boolean frozen() {
    return this != DISK && this != KEPT;
  }

  static ImageKind ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
