package io.github.qcow4j.snapshot.model;

import java.nio.file.Path;

/**
 * A live disk of a box.
 *
 * @param role what the box uses it for; {@code root} is the first
 * @param path where it is, absolute
 * @param virtualSizeBytes size of the disk
 * @param allocatedBytes storage that its topmost layer takes
 * @param chainDepth how many images have to be read for it, itself and what the catalogue knows
 *     below
 */
public record BoxDisk(
    String role, Path path, long virtualSizeBytes, long allocatedBytes, int chainDepth) {

  /** The role that every box has. */
  public static final String ROOT = "root";
}
