package io.github.qcow4j.snapshot.archive;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was exported.
 *
 * @param path the archive's name, or null where it went to a channel
 * @param archiveBytes how long it is, compressed
 * @param manifest what it says
 * @param disks its disks
 */
public record ArchiveResult(
    @Nullable Path path, long archiveBytes, Manifest manifest, List<ExportedDisk> disks) {

  public ArchiveResult {
    disks = List.copyOf(disks);
  }

  /**
   * One disk.
   *
   * @param role what it is to the box
   * @param virtualSize size of the disk in bytes
   * @param fileBytes how long its qcow2 file is in the archive, uncompressed
   * @param digest {@code sha256:} and 64 digits, over that file
   */
  public record ExportedDisk(String role, long virtualSize, long fileBytes, String digest) {}
}
