package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.directory.Envelope.EnvelopeDisk;
import io.github.qcow4j.snapshot.directory.StagedDirectory.Maker;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.PlainName;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which files of a directory are writable disks. Our own envelopes say it. In Cocoon's the names
 * do: {@code cow.raw} or {@code overlay.qcow2} is the root disk, {@code data-NAME.raw} the data
 * disk of that name; {@code cidata.img}, memory, state and configuration are none.
 */
final class Roles {

  static final String ROOT = "root";
  static final String COW = "cow.raw";
  static final String OVERLAY = "overlay.qcow2";

  private static final Pattern DATA_DISK = Pattern.compile("data-(.*)\\.raw");
  private static final Pattern DATA_NAME = Pattern.compile("[a-z][a-z0-9_-]{0,19}");
  private static final String DATA_NAME_RESERVED = "cocoon-";

  private Roles() {}

  /**
   * One disk.
   *
   * @param role what it is to the box
   * @param file its file's name
   * @param format its format
   * @param virtualSize its size as the envelope says, or null where it says nothing
   */
  record Role(String role, String file, ImageFormat format, @Nullable Long virtualSize) {}

  static Maker makerOf(Envelope envelope) throws UnsupportedTransferException {
    if (envelope.disks() != null) {
      return Maker.QCOW4J;
    }
    String hypervisor = envelope.text("hypervisor");
    return switch (hypervisor) {
      case null -> Maker.COCOON;
      case "cloud-hypervisor" -> Maker.COCOON_CLOUD_HYPERVISOR;
      case "firecracker" -> Maker.COCOON_FIRECRACKER;
      default ->
          throw new UnsupportedTransferException(
              "Unknown hypervisor of a directory: " + PlainName.shown(hypervisor));
    };
  }

  /** The disks, the root disk first. */
  static List<Role> of(Envelope envelope, Collection<String> files) throws TransferException {
    List<EnvelopeDisk> listed = envelope.disks();
    return listed == null ? byName(files) : listed(listed, files);
  }

  private static List<Role> listed(List<EnvelopeDisk> disks, Collection<String> files)
      throws TransferException {
    List<Role> roles = new ArrayList<>();
    for (EnvelopeDisk disk : disks) {
      if (!files.contains(disk.file())
          || roles.stream().anyMatch(role -> role.file().equals(disk.file()))) {
        throw new DamagedTransferException(
            "Invalid %s: disk '%s' has no file of its own"
                .formatted(Envelope.NAME, PlainName.shown(disk.role())));
      }
      roles.add(new Role(disk.role(), disk.file(), disk.format(), disk.virtualSize()));
    }
    return rootFirst(roles);
  }

  private static List<Role> byName(Collection<String> files) throws TransferException {
    List<Role> roles = new ArrayList<>();
    for (String file : files) {
      Matcher data = DATA_DISK.matcher(file);
      if (file.equals(COW)) {
        roles.add(new Role(ROOT, file, ImageFormat.RAW, null));
      } else if (file.equals(OVERLAY)) {
        roles.add(new Role(ROOT, file, ImageFormat.QCOW2, null));
      } else if (data.matches()) {
        String name = data.group(1);
        if (!DATA_NAME.matcher(name).matches()
            || name.startsWith(DATA_NAME_RESERVED)
            || name.equals(ROOT)) {
          throw new DamagedTransferException(
              "No data disk can be called '" + PlainName.shown(name) + "'");
        }
        roles.add(new Role(name, file, ImageFormat.RAW, null));
      }
    }
    return rootFirst(roles);
  }

  private static List<Role> rootFirst(List<Role> roles) throws TransferException {
    List<Role> sorted = new ArrayList<>(roles.stream().filter(Roles::isRoot).toList());
    if (sorted.size() != 1) {
      throw new DamagedTransferException(
          sorted.isEmpty()
              ? "The directory has no root disk"
              : "The directory has both " + COW + " and " + OVERLAY);
    }
    sorted.addAll(roles.stream().filter(role -> !isRoot(role)).toList());
    return sorted;
  }

  private static boolean isRoot(Role role) {
    return role.role().equals(ROOT);
  }
}
