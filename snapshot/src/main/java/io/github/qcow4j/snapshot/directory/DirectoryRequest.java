package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.snapshot.transfer.PlainName;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to put into a directory.
 *
 * @param snapshotId the snapshot's id, by which a restore knows its own
 * @param name the snapshot's or the box's name
 * @param description what its maker said of it, or null
 * @param disks the disks, the root disk first
 * @param carried other files that go along untouched
 * @param parallelism how many threads read at once, 1 to 16
 */
public record DirectoryRequest(
    String snapshotId,
    String name,
    @Nullable String description,
    List<DirectoryDisk> disks,
    List<CarriedFile> carried,
    int parallelism) {

  /**
   * One disk.
   *
   * @param role what it is to the box; a plain name
   * @param image its content; stays the caller's, and must not change meanwhile
   */
  public record DirectoryDisk(String role, DiskImage image) {

    /** The name that its file gets. */
    String fileName() {
      return DirectoryRequest.fileName(role);
    }
  }

  /** The name that the file of a disk gets. */
  public static String fileName(String role) {
    return role + ".qcow2";
  }

  /**
   * Another file.
   *
   * @param name the name it gets; a plain one
   * @param source its content; stays the caller's
   */
  public record CarriedFile(String name, BlockFile source) {}

  public DirectoryRequest {
    disks = List.copyOf(disks);
    carried = List.copyOf(carried);
    Set<String> names = new HashSet<>(Set.of(Envelope.NAME));
    disks.forEach(disk -> requireNew(names, disk.fileName()));
    carried.forEach(file -> requireNew(names, file.name()));
  }

  private static void requireNew(Set<String> names, String name) {
    try {
      if (!names.add(PlainName.require(name))) {
        throw new IllegalArgumentException("two files are called " + name);
      }
    } catch (RefusedTransferException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }
}
