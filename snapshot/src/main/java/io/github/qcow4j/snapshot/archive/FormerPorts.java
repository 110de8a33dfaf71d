package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonArray;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNull;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Published ports of archives below {@link Manifest#WITH_PORTS}. There, no port of the host means
 * the one of the guest, and protocol and address are not looked at: BoxLite takes TCP and no
 * address. Of later versions it takes each key as it stands, and ports go out as one of those.
 */
final class FormerPorts {

  private static final String PORTS = "ports";
  private static final String HOST_PORT = "host_port";

  private FormerPorts() {}

  /** The same options with ports that say in a later version what they said in a former one. */
  static JsonObject asLater(JsonObject options) {
    if (!(options.get(PORTS) instanceof JsonArray list)) {
      return options;
    }
    List<JsonValue> ports = new ArrayList<>();
    for (JsonValue element : list.elements()) {
      ports.add(element instanceof JsonObject port ? port(port) : element);
    }
    Map<String, JsonValue> keys = new LinkedHashMap<>(options.members());
    keys.put(PORTS, new JsonArray(ports));
    return new JsonObject(keys);
  }

  private static JsonObject port(JsonObject port) {
    Map<String, JsonValue> keys = new LinkedHashMap<>(port.members());
    JsonValue guestPort = port.get("guest_port");
    if (port.get(HOST_PORT) == null && guestPort != null) {
      keys.put(HOST_PORT, guestPort);
    }
    keys.put("protocol", new JsonString("tcp"));
    keys.put("host_ip", JsonNull.NULL);
    return new JsonObject(keys);
  }
}
