package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an archive says of its box. Keys, their order and the meaning of versions are BoxLite's.
 *
 * <p>Versions 1 to 5 are BoxLite's: 3 brought options, 4 sets of capabilities, 5 published ports.
 * {@link #SEVERAL_DISKS} is this program's own, for boxes with disks that BoxLite has no place for:
 * too high for BoxLite, which refuses it, rather than leave disks out.
 *
 * @param version which version it is
 * @param boxName the box's name, or null
 * @param image what the box was made of, as BoxLite names images; may be empty
 * @param boxOptions the box's options, carried along unread, or null
 * @param disks the disks, the root disk first
 * @param exportedAt when it was written (RFC 3339)
 */
public record Manifest(
    int version,
    @Nullable String boxName,
    String image,
    @Nullable JsonObject boxOptions,
    List<ManifestDisk> disks,
    String exportedAt) {

  /** The lowest version that carries options. */
  public static final int WITH_OPTIONS = 3;

  /** The lowest version that carries sets of capabilities. */
  public static final int WITH_CAPABILITIES = 4;

  /** The lowest version that carries published ports, and the highest that BoxLite knows. */
  public static final int WITH_PORTS = 5;

  /** The version with disks of any role. */
  public static final int SEVERAL_DISKS = 1001;

  /** The role of the disk that every archive has. */
  public static final String ROOT = "root";

  /** The role of the disk that archives of older boxes have too. */
  public static final String GUEST_ROOTFS = "guest-rootfs";

  public Manifest {
    disks = List.copyOf(disks);
  }

  /**
   * One disk.
   *
   * @param role what it is to the box
   * @param member the archive's member that holds it
   * @param digest {@code sha256:} and 64 digits, or null where the archive has none
   */
  public record ManifestDisk(String role, String member, @Nullable String digest) {}
}
