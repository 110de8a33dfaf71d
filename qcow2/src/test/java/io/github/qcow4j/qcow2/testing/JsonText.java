package io.github.qcow4j.qcow2.testing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A small JSON reader for tests.
 *
 * <p>Objects become {@link Map}s that keep the order of their keys, arrays {@link List}s; numbers
 * become {@link Long} where they fit and {@link BigDecimal} otherwise, {@code null} becomes {@link
 * #NULL}. Text after the document, and a key that comes twice, are errors.
 */
public final class JsonText {

  /** What {@code null} is read as. */
  public static final Object NULL = "<null>";

  private final String text;
  private int position;

  private JsonText(String text) {
    this.text = text;
  }

  /**
   * The document in {@code text}.
   *
   * @throws IllegalArgumentException when it is not one
   */
  public static Object parse(String text) {
    JsonText reader = new JsonText(text);
    Object value = reader.value();
    reader.skipSpace();
    if (reader.position != text.length()) {
      throw reader.unexpected("text after the document");
    }
    return value;
  }

  /** The object in {@code text}. */
  @SuppressWarnings("unchecked")
  public static Map<String, Object> object(String text) {
    return (Map<String, Object>) parse(text);
  }

  /** The array in {@code text}. */
  @SuppressWarnings("unchecked")
  public static List<Object> array(String text) {
    return (List<Object>) parse(text);
  }

  /** A copy of a parsed document in which no object, at any depth, has one of {@code keys}. */
  public static Object without(Object document, String... keys) {
    return without(document, Set.of(keys));
  }

  private static Object without(Object document, Set<String> keys) {
    return switch (document) {
      case Map<?, ?> object -> {
        Map<Object, Object> copy = new LinkedHashMap<>();
        object.forEach((key, member) -> {
          if (!keys.contains(key)) {
            copy.put(key, without(member, keys));
          }
        });
        yield copy;
      }
      case List<?> array -> array.stream().map(element -> without(element, keys)).toList();
      default -> document;
    };
  }

  private Object value() {
    skipSpace();
    return switch (peek()) {
      case '{' -> members();
      case '[' -> elements();
      case '"' -> string();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> word("null", NULL);
      default -> number();
    };
  }

  private Map<String, Object> members() {
    Map<String, Object> members = new LinkedHashMap<>();
    position++;
    if (closes('}')) {
      return members;
    }
    do {
      skipSpace();
      String key = string();
      expect(':');
      if (members.put(key, value()) != null) {
        throw unexpected("second member " + key);
      }
    } while (continues('}'));
    return members;
  }

  private List<Object> elements() {
    List<Object> elements = new ArrayList<>();
    position++;
    if (closes(']')) {
      return elements;
    }
    do {
      elements.add(value());
    } while (continues(']'));
    return elements;
  }

  private String string() {
    expect('"');
    StringBuilder string = new StringBuilder();
    while (peek() != '"') {
      char c = text.charAt(position++);
      string.append(c == '\\' ? escaped() : c);
    }
    position++;
    return string.toString();
  }

  private char escaped() {
    char c = text.charAt(position++);
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        position += 4;
        yield (char) Integer.parseInt(text.substring(position - 4, position), 16);
      }
      default -> throw unexpected("escape \\" + c);
    };
  }

  private Object number() {
    int start = position;
    while (position < text.length() && "+-.eE0123456789".indexOf(text.charAt(position)) >= 0) {
      position++;
    }
    try {
      BigDecimal number = new BigDecimal(text.substring(start, position));
      return number.scale() == 0 && number.toBigInteger().bitLength() < Long.SIZE
          ? number.longValue()
          : number;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("no value at " + start + " of " + text, e);
    }
  }

  private Object word(String word, Object value) {
    if (!text.startsWith(word, position)) {
      throw unexpected("no value");
    }
    position += word.length();
    return value;
  }

  private boolean closes(char end) {
    skipSpace();
    if (peek() == end) {
      position++;
      return true;
    }
    return false;
  }

  private boolean continues(char end) {
    if (closes(end)) {
      return false;
    }
    expect(',');
    return true;
  }

  private void expect(char c) {
    skipSpace();
    if (peek() != c) {
      throw unexpected("no " + c);
    }
    position++;
  }

  private char peek() {
    if (position >= text.length()) {
      throw unexpected("end of text");
    }
    return text.charAt(position);
  }

  private void skipSpace() {
    while (position < text.length() && " \t\r\n".indexOf(text.charAt(position)) >= 0) {
      position++;
    }
  }

  private IllegalArgumentException unexpected(String what) {
    return new IllegalArgumentException(what + " at " + position + " of " + text);
  }
}
