package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonArray;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNull;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import io.github.qcow4j.snapshot.transfer.TransferException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Options of a box as BoxLite has them, of which only what archives are about is understood. */
public final class CarriedOptions {

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

  /**
   * The same for a text, as boxes carry it. One without secrets stays as it is to the byte, also
   * one that is no object, and so no options of BoxLite's.
   */
  public static String withoutSecrets(String text) {
    try {
      JsonObject options = JsonText.readObject(text.getBytes(StandardCharsets.UTF_8), "options");
      return options.get("secrets") == null
          ? text
          : new String(JsonText.write(withoutSecrets(options)), StandardCharsets.UTF_8);
    } catch (TransferException e) {
      return text;
    }
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
