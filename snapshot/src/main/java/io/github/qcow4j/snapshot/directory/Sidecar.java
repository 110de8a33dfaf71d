package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonArray;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferException;

/**
 * Cocoon's own list of a machine's disks. Its paths are those of the machine it came from, and mean
 * nothing here; but so many writable disks as it lists must be in the directory.
 */
final class Sidecar {

  static final String NAME = "cocoon.json";

  private Sidecar() {}

  static void require(byte[] text, int disks) throws TransferException {
    if (!(JsonText.readObject(text, NAME).get("storage_configs") instanceof JsonArray configs)) {
      return;
    }
    int writable = 0;
    for (JsonValue config : configs.elements()) {
      if (config instanceof JsonObject object
          && object.get("role") instanceof JsonString(String role)
          && (role.equals("cow") || role.equals("data"))) {
        writable++;
      }
    }
    if (writable != disks) {
      throw new DamagedTransferException(
          "%s lists %d writable disks, the directory has %d".formatted(NAME, writable, disks));
    }
  }
}
