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
import org.jspecify.annotations.Nullable;

/** Options of a box as BoxLite has them, of which only what archives are about is understood. */
final class CarriedOptions {

  private CarriedOptions() {}

  /**
   * The same options without the values of secrets. Their keys stay, empty, because BoxLite reads
   * no secret without one; what is no list of secrets is left out wholly.
   */
  static JsonObject withoutSecrets(JsonObject options) {
    Map<String, JsonValue> keys = new LinkedHashMap<>(options.members());
    JsonValue secrets = options.get("secrets");
    if (secrets instanceof JsonArray list) {
      List<JsonValue> emptied = new ArrayList<>();
      for (JsonValue element : list.elements()) {
        if (element instanceof JsonObject secret) {
          emptied.add(emptied(secret));
        }
      }
      keys.put("secrets", new JsonArray(emptied));
    } else {
      keys.remove("secrets");
    }
    return new JsonObject(keys);
  }

  private static JsonObject emptied(JsonObject secret) {
    Map<String, JsonValue> keys = new LinkedHashMap<>();
    for (String known : List.of("name", "hosts", "placeholder")) {
      JsonValue value = secret.members().get(known);
      if (value != null) {
        keys.put(known, value);
      }
    }
    keys.put("value", new JsonString(""));
    return new JsonObject(keys);
  }

  /** The lowest version of BoxLite's that carries options; older readers would misread them. */
  static int lowestVersion(@Nullable JsonObject options) {
    if (options == null) {
      return Manifest.WITH_OPTIONS;
    } else if (isFilled(options.get("ports"))) {
      return Manifest.WITH_PORTS;
    }
    return options.get("advanced") instanceof JsonObject advanced
            && advanced.get("capabilities") instanceof JsonObject capabilities
            && (isFilled(capabilities.get("add")) || isFilled(capabilities.get("drop")))
        ? Manifest.WITH_CAPABILITIES
        : Manifest.WITH_OPTIONS;
  }

  private static boolean isFilled(@Nullable JsonValue value) {
    return switch (value) {
      case null -> false;
      case JsonArray array -> !array.elements().isEmpty();
      case JsonObject object -> !object.members().isEmpty();
      case JsonNull nothing -> false;
      default -> true;
    };
  }
}
