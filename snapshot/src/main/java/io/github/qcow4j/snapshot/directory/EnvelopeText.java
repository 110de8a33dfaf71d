package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.directory.Envelope.EnvelopeDisk;
import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonArray;
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

/** Envelopes as JSON texts. */
final class EnvelopeText {

  static final int MAX_BYTES = 4 << 20;

  private EnvelopeText() {}

  /**
   * Writes an envelope.
   *
   * @throws TransferLimitException when it is longer than any that is read
   */
  static byte[] write(Envelope envelope) throws TransferLimitException {
    Map<String, JsonValue> keys = new LinkedHashMap<>();
    keys.put("version", JsonNumber.of(Envelope.VERSION));
    keys.put("config", envelope.config());
    List<String> files = envelope.files() == null ? List.of() : envelope.files();
    keys.put("files", JsonArray.ofStrings(files));
    Map<String, JsonValue> lengths = new LinkedHashMap<>();
    Map<String, JsonValue> digests = new LinkedHashMap<>();
    for (String file : files) {
      Long length = envelope.lengths().get(file);
      String digest = envelope.digests().get(file);
      if (length != null) {
        lengths.put(file, JsonNumber.of(length));
      }
      if (digest != null) {
        digests.put(file, new JsonString(digest));
      }
    }
    keys.put("lengths", new JsonObject(lengths));
    keys.put("digests", new JsonObject(digests));
    List<JsonValue> disks = new ArrayList<>();
    for (EnvelopeDisk disk :
        envelope.disks() == null ? List.<EnvelopeDisk>of() : envelope.disks()) {
      Map<String, JsonValue> members = new LinkedHashMap<>();
      members.put("role", new JsonString(disk.role()));
      members.put("file", new JsonString(disk.file()));
      members.put("format", new JsonString(disk.format().label()));
      members.put("virtual_size", JsonNumber.of(disk.virtualSize()));
      disks.add(new JsonObject(members));
    }
    keys.put("disks", new JsonArray(disks));
    return JsonText.write(new JsonObject(keys), MAX_BYTES, Envelope.NAME);
  }

  /**
   * Reads an envelope. Unknown keys are passed over.
   *
   * @throws DamagedTransferException when it is no JSON, or has a key of another type
   * @throws UnsupportedTransferException when its version is not known
   */
  static Envelope read(byte[] text) throws TransferException {
    JsonObject keys = JsonText.readObject(text, Envelope.NAME);
    if (!(keys.get("version") instanceof JsonNumber(String version))) {
      throw wrong("version");
    } else if (!version.equals(Integer.toString(Envelope.VERSION))) {
      throw new UnsupportedTransferException(
          "Unsupported version %s of %s (known is %d)"
              .formatted(PlainName.shown(version), Envelope.NAME, Envelope.VERSION));
    }
    if (!(keys.get("config") instanceof JsonObject config)) {
      throw wrong("config");
    }
    return new Envelope(
        config,
        files(keys.get("files")),
        lengths(keys.get("lengths")),
        digests(keys.get("digests")),
        disks(keys.get("disks")));
  }

  private static @Nullable List<String> files(@Nullable JsonValue value) throws TransferException {
    if (value == null) {
      return null;
    }
    if (!(value instanceof JsonArray array)) {
      throw wrong("files");
    }
    Set<String> names = new HashSet<>();
    List<String> files = new ArrayList<>();
    for (JsonValue element : array.elements()) {
      if (!(element instanceof JsonString(String name))) {
        throw wrong("files");
      } else if (!names.add(PlainName.require(name))) {
        throw new DamagedTransferException(
            "Invalid " + Envelope.NAME + ": '" + PlainName.shown(name) + "' is listed twice");
      } else if (!name.equals(Envelope.NAME)) {
        files.add(name);
      }
    }
    return files;
  }

  private static Map<String, Long> lengths(@Nullable JsonValue value) throws TransferException {
    Map<String, Long> lengths = new LinkedHashMap<>();
    for (Map.Entry<String, JsonValue> member : members(value, "lengths").entrySet()) {
      lengths.put(member.getKey(), number(member.getValue(), "lengths"));
    }
    return lengths;
  }

  private static Map<String, String> digests(@Nullable JsonValue value) throws TransferException {
    Map<String, String> digests = new LinkedHashMap<>();
    for (Map.Entry<String, JsonValue> member : members(value, "digests").entrySet()) {
      if (!(member.getValue() instanceof JsonString(String digest)) || !Sha256.isDigest(digest)) {
        throw wrong("digests");
      }
      digests.put(member.getKey(), digest);
    }
    return digests;
  }

  private static Map<String, JsonValue> members(@Nullable JsonValue value, String name)
      throws TransferException {
    if (value == null) {
      return Map.of();
    } else if (value instanceof JsonObject object) {
      return object.members();
    }
    throw wrong(name);
  }

  static long number(@Nullable JsonValue value, String name) throws TransferException {
    if (value instanceof JsonNumber(String literal) && literal.matches("[0-9]{1,18}")) {
      return Long.parseLong(literal);
    }
    throw wrong(name);
  }

  private static @Nullable List<EnvelopeDisk> disks(@Nullable JsonValue value)
      throws TransferException {
    if (value == null) {
      return null;
    }
    if (!(value instanceof JsonArray array)) {
      throw wrong("disks");
    }
    Set<String> roles = new HashSet<>();
    List<EnvelopeDisk> disks = new ArrayList<>();
    for (JsonValue element : array.elements()) {
      if (!(element instanceof JsonObject disk)
          || !(disk.get("role") instanceof JsonString(String role))
          || !(disk.get("file") instanceof JsonString(String file))
          || !(disk.get("format") instanceof JsonString(String format))
          || !roles.add(PlainName.require(role))) {
        throw wrong("disks");
      }
      disks.add(
          new EnvelopeDisk(
              role,
              PlainName.require(file),
              format(format),
              number(disk.get("virtual_size"), "disks")));
    }
    return disks;
  }

  private static ImageFormat format(String label) throws TransferException {
    for (ImageFormat format : ImageFormat.values()) {
      if (format.label().equals(label)) {
        return format;
      }
    }
    throw new UnsupportedTransferException("Unknown format of a disk: " + PlainName.shown(label));
  }

  private static DamagedTransferException wrong(String name) {
    return new DamagedTransferException(
        "Invalid %s: '%s' is missing or not what it should be".formatted(Envelope.NAME, name));
  }
}
