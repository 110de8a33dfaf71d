package io.github.qcow4j.snapshot.model;

import io.github.qcow4j.qcow2.ImageFormat;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where the content of a new box's disk comes from. */
public sealed interface DiskSource {

  /** The role of the disk. */
  String role();

  /**
   * An empty disk.
   *
   * @param role the disk's role
   * @param sizeBytes size of the disk, a multiple of 512
   */
  record Empty(String role, long sizeBytes) implements DiskSource {}

  /**
   * An overlay of an image outside the home, which must stay where it is and as it is.
   *
   * @param role the disk's role
   * @param image the image
   * @param format its format, or null to let its content tell
   */
  record Overlay(String role, Path image, @Nullable ImageFormat format) implements DiskSource {}

  /**
   * An overlay of a copy of an image, which may go afterwards.
   *
   * @param role the disk's role
   * @param image the image
   * @param format its format, or null to let its content tell
   */
  record Copied(String role, Path image, @Nullable ImageFormat format) implements DiskSource {}

  /**
   * A qcow2 image without backing or data file that stands below the home's staging directory and
   * becomes the disk. It is gone from there afterwards.
   *
   * @param role the disk's role
   * @param image the image
   */
  record Staged(String role, Path image) implements DiskSource {}
}
