package io.github.qcow4j.qcow2.create;

/** What of a new image is allocated before anything is written to it. */
public enum Preallocation {
  /** Nothing. */
  OFF,
  /** Tables for the whole disk, and places for its data that stay holes. */
  METADATA,
  /** Tables and storage for the whole disk. */
  FALLOC,
  /** Tables and storage for the whole disk, written with zeros. */
  FULL;

  /** Whether all storage is taken from the beginning. */
  public boolean takesStorage() {
    return this == FALLOC || this == FULL;
  }
}
