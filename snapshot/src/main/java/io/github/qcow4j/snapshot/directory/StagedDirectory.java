package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A directory whose files wait in the staging directory, disks sound, all of them durable.
 *
 * @param envelope what it says of itself
 * @param maker who wrote it
 * @param disks its writable disks, the root disk first
 * @param carried its other files, untouched
 */
public record StagedDirectory(
    Envelope envelope, Maker maker, List<StagedDisk> disks, List<StagedFile> carried) {

  public StagedDirectory {
    disks = List.copyOf(disks);
    carried = List.copyOf(carried);
  }

  /** Who writes such directories. */
  public enum Maker {
    QCOW4J,
    COCOON_CLOUD_HYPERVISOR,
    COCOON_FIRECRACKER,
    /** Cocoon, for a hypervisor that the envelope does not name. */
    COCOON
  }

  /**
   * A file that is no disk of the box.
   *
   * @param name its name
   * @param path where it waits
   * @param lengthBytes how long it is
   * @param digest {@code sha256:} and 64 digits, where the envelope has one; it is right
   * @param copied how its bytes came there
   */
  public record StagedFile(
      String name, Path path, long lengthBytes, @Nullable String digest, CopyResult copied) {}
}
