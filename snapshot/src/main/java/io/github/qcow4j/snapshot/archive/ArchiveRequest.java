package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.transfer.PlainName;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to put into an archive.
 *
 * @param boxName the box's name, or null
 * @param image what the box was made of, as BoxLite names images; may be empty
 * @param boxOptions options to carry along, or null; values of secrets are left out
 * @param disks the disks, the root disk first
 * @param exportedAt the time to write into it, in seconds
 * @param compression how to compress
 * @param level how hard, a level of {@code compression}
 * @param parallelism how many threads read at once, 1 to 16
 */
public record ArchiveRequest(
    @Nullable String boxName,
    String image,
    @Nullable JsonObject boxOptions,
    List<ArchivedDisk> disks,
    Instant exportedAt,
    Compression compression,
    int level,
    int parallelism) {

  /**
   * One disk.
   *
   * @param role what it is to the box; a plain name
   * @param image its content; stays the caller's, and must not change meanwhile
   */
  public record ArchivedDisk(String role, DiskImage image) {}

  public ArchiveRequest {
    disks = List.copyOf(disks);
    if (disks.isEmpty() || !disks.getFirst().role().equals(Manifest.ROOT)) {
      throw new IllegalArgumentException("the root disk is not the first one");
    } else if (!compression.hasLevel(level)) {
      throw new IllegalArgumentException(compression.label() + " has no level " + level);
    }
    Set<String> roles = new HashSet<>();
    for (ArchivedDisk disk : disks) {
      if (!roles.add(disk.role())) {
        throw new IllegalArgumentException("two disks are " + disk.role());
      }
      try {
        PlainName.require(ManifestText.memberOf(disk.role()));
      } catch (RefusedTransferException e) {
        throw new IllegalArgumentException(e.getMessage(), e);
      }
    }
  }

  /** The version to write: the lowest that carries all of it. */
  int version() {
    boolean boxlite =
        disks.size() == 1
            || (disks.size() == 2 && disks.get(1).role().equals(Manifest.GUEST_ROOTFS));
    return boxlite ? CarriedOptions.lowestVersion(boxOptions) : Manifest.SEVERAL_DISKS;
  }
}
