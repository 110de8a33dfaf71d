package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.snapshot.archive.Manifest.ManifestDisk;
import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonArray;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNull;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNumber;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.PlainName;
import io.github.qcow4j.snapshot.transfer.Sha256;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Manifests as JSON texts. */
final class ManifestText {

  static final String MEMBER = "manifest.json";
  static final String ROOT_MEMBER = "disk.qcow2";
  static final String GUEST_ROOTFS_MEMBER = "guest-rootfs.qcow2";

  /** Options of a box take a few kilobytes. */
  static final int MAX_BYTES = 4 << 20;

  private static final String SUBJECT = "manifest";

  private ManifestText() {}

  /** The member that a disk of a role goes to. */
  static String memberOf(String role) {
    return switch (role) {
      case Manifest.ROOT -> ROOT_MEMBER;
      case Manifest.GUEST_ROOTFS -> GUEST_ROOTFS_MEMBER;
      default -> "disk-" + role + ".qcow2";
    };
  }

  /**
   * Writes a manifest.
   *
   * @throws TransferLimitException when it is longer than any that is read
   */
  static byte[] write(Manifest manifest) throws TransferLimitException {
    Map<String, JsonValue> keys = new LinkedHashMap<>();
    keys.put("version", JsonNumber.of(manifest.version()));
    String boxName = manifest.boxName();
    keys.put("box_name", boxName == null ? JsonNull.NULL : new JsonString(boxName));
    keys.put("image", new JsonString(manifest.image()));
    if (manifest.boxOptions() != null) {
      keys.put("box_options", manifest.boxOptions());
    }
    keys.put("guest_disk_checksum", new JsonString(digestOf(manifest, Manifest.GUEST_ROOTFS)));
    keys.put("container_disk_checksum", new JsonString(digestOf(manifest, Manifest.ROOT)));
    keys.put("exported_at", new JsonString(manifest.exportedAt()));
    if (manifest.version() == Manifest.SEVERAL_DISKS) {
      keys.put("disks", disks(manifest.disks()));
    }
    return JsonText.write(new JsonObject(keys), MAX_BYTES, SUBJECT);
  }

  private static String digestOf(Manifest manifest, String role) {
    for (ManifestDisk disk : manifest.disks()) {
      if (disk.role().equals(role) && disk.digest() != null) {
        return disk.digest();
      }
    }
    return "";
  }

  private static JsonArray disks(List<ManifestDisk> disks) {
    List<JsonValue> elements = new ArrayList<>();
    for (ManifestDisk disk : disks) {
      Map<String, JsonValue> keys = new LinkedHashMap<>();
      keys.put("role", new JsonString(disk.role()));
      keys.put("member", new JsonString(disk.member()));
      keys.put("checksum", new JsonString(disk.digest() == null ? "" : disk.digest()));
      elements.add(new JsonObject(keys));
    }
    return new JsonArray(elements);
  }

  /**
   * Reads a manifest. Unknown keys are passed over, as BoxLite does. Values of secrets stay behind:
   * nothing here needs them, and what is read is kept in the clear. Ports are made to say what they
   * say there in the versions that carry ports.
   *
   * @throws DamagedTransferException when it is no JSON, or lacks a key or has one of another type
   * @throws UnsupportedTransferException when its version is not known
   */
  static Manifest read(byte[] text) throws TransferException {
    JsonObject keys = JsonText.readObject(text, SUBJECT);
    int version = version(keys);
    List<ManifestDisk> disks =
        version == Manifest.SEVERAL_DISKS ? listedDisks(keys) : boxliteDisks(keys);
    JsonValue options = keys.get("box_options");
    if (options != null && !(options instanceof JsonObject)) {
      throw wrong("box_options");
    }
    String boxName = keys.get("box_name") == null ? null : string(keys, "box_name");
    return new Manifest(
        version,
        boxName,
        string(keys, "image"),
        options == null ? null : options(version, (JsonObject) options),
        disks,
        string(keys, "exported_at"));
  }

  private static JsonObject options(int version, JsonObject options) {
    JsonObject kept = CarriedOptions.withoutSecrets(options);
    return version < Manifest.WITH_PORTS ? FormerPorts.asLater(kept) : kept;
  }

  private static int version(JsonObject keys) throws TransferException {
    if (!(keys.get("version") instanceof JsonNumber(String literal))
        || !literal.matches("[0-9]{1,10}")) {
      throw wrong("version");
    }
    long version = Long.parseLong(literal);
    if (version != Manifest.SEVERAL_DISKS && (version < 1 || version > Manifest.WITH_PORTS)) {
      throw new UnsupportedTransferException(
          "Unsupported archive version %d (known are 1 to %d)"
              .formatted(version, Manifest.WITH_PORTS));
    }
    return (int) version;
  }

  private static List<ManifestDisk> boxliteDisks(JsonObject keys) throws TransferException {
    return List.of(
        new ManifestDisk(Manifest.ROOT, ROOT_MEMBER, digest(keys, "container_disk_checksum")),
        new ManifestDisk(Manifest.GUEST_ROOTFS, GUEST_ROOTFS_MEMBER, guestRootfsDigest(keys)));
  }

  /** BoxLite always reads the key; builds between two of its releases did not write it. */
  private static @Nullable String guestRootfsDigest(JsonObject keys) throws TransferException {
    String key = "guest_disk_checksum";
    return keys.get(key) == null ? null : digest(keys, key);
  }

  private static List<ManifestDisk> listedDisks(JsonObject keys) throws TransferException {
    if (!(keys.get("disks") instanceof JsonArray list)) {
      throw wrong("disks");
    }
    List<ManifestDisk> disks = new ArrayList<>();
    Set<String> roles = new HashSet<>();
    for (JsonValue element : list.elements()) {
      if (!(element instanceof JsonObject disk)) {
        throw wrong("disks");
      }
      String role = PlainName.require(string(disk, "role"));
      String member = PlainName.require(string(disk, "member"));
      if (!roles.add(role) || !member.equals(memberOf(role))) {
        throw wrong("disks");
      }
      disks.add(new ManifestDisk(role, member, digest(disk, "checksum")));
    }
    if (disks.isEmpty() || !disks.getFirst().role().equals(Manifest.ROOT)) {
      throw new DamagedTransferException("Invalid manifest: the root disk is not its first");
    }
    return disks;
  }

  private static String string(JsonObject keys, String name) throws TransferException {
    if (keys.get(name) instanceof JsonString(String text)) {
      return text;
    }
    throw wrong(name);
  }

  private static @Nullable String digest(JsonObject keys, String name) throws TransferException {
    String digest = string(keys, name);
    if (!digest.isEmpty() && !Sha256.isDigest(digest)) {
      throw new DamagedTransferException("Invalid manifest: '" + name + "' is no SHA-256 digest");
    }
    return digest.isEmpty() ? null : digest;
  }

  private static DamagedTransferException wrong(String name) {
    return new DamagedTransferException(
        "Invalid manifest: '" + name + "' is missing or not what it should be");
  }
}
