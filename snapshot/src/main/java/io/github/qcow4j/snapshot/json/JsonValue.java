package io.github.qcow4j.snapshot.json;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A value of a JSON text (RFC 8259). Immutable. */
public sealed interface JsonValue {

  /**
   * An object.
   *
   * @param members its members, in the order of the text
   */
  record JsonObject(Map<String, JsonValue> members) implements JsonValue {

    public JsonObject {
      members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    }

    /** The value of a member, or null when there is none of that name, or it is {@code null}. */
    public @Nullable JsonValue get(String name) {
      JsonValue value = members.get(name);
      return value == JsonNull.NULL ? null : value;
    }
  }

  /**
   * An array.
   *
   * @param elements its elements
   */
  record JsonArray(List<JsonValue> elements) implements JsonValue {

    public JsonArray {
      elements = List.copyOf(elements);
    }

    /** An array of strings. */
    public static JsonArray ofStrings(List<String> strings) {
      List<JsonValue> elements = new ArrayList<>();
      strings.forEach(each -> elements.add(new JsonString(each)));
      return new JsonArray(elements);
    }
  }

  /**
   * A string.
   *
   * @param text its characters, unescaped
   */
  record JsonString(String text) implements JsonValue {}

  /**
   * A number.
   *
   * @param literal as it stands in the text
   */
  record JsonNumber(String literal) implements JsonValue {

    /** A whole number. */
    public static JsonNumber of(long number) {
      return new JsonNumber(Long.toString(number));
    }
  }

  /** {@code true} or {@code false}. */
  enum JsonBoolean implements JsonValue {
    FALSE,
    TRUE
  }

  /** {@code null}. */
  enum JsonNull implements JsonValue {
    NULL
  }
}
