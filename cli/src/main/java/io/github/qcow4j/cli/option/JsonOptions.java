package io.github.qcow4j.cli.option;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Options written as a JSON object (RFC 8259), also with single quotes as QEMU takes them. Members
 * of inner objects are named by all names on the way to them, with dots between. Used once.
 */
public final class JsonOptions {

  private static final int MAX_DEPTH = 64;

  private final String text;
  private final Map<String, Value> values = new LinkedHashMap<>();
  private int position;

  /**
   * A value that is no object.
   *
   * @param kind what it is
   * @param text its text; of a string, without quotes
   */
  public record Value(Kind kind, String text) {

    /** What a value is. */
    public enum Kind {
      TEXT,
      NUMBER,
      FLAG,
      NULL
    }
  }

  private JsonOptions(String text) {
    this.text = text;
  }

  /**
   * All values of an object by their names, in their order.
   *
   * @throws UsageException when the text is no JSON object
   */
  public static Map<String, Value> flatten(String text) throws UsageException {
    JsonOptions options = new JsonOptions(text);
    options.space();
    if (options.position < text.length() && text.charAt(options.position) == '[') {
      throw UsageException.wrongValue("Invalid JSON object given");
    }
    options.object("", 0);
    options.space();
    if (options.position < text.length()) {
      throw options.wrong();
    }
    return options.values;
  }

  private void object(String prefix, int depth) throws UsageException {
    if (depth > MAX_DEPTH) {
      throw wrong();
    }
    expect('{');
    space();
    if (peek() == '}') {
      position++;
      return;
    }
    while (true) {
      space();
      String name = prefix + string();
      space();
      expect(':');
      space();
      value(name, depth);
      space();
      if (peek() == '}') {
        position++;
        return;
      }
      expect(',');
    }
  }

  private void value(String name, int depth) throws UsageException {
    char c = peek();
    if (c == '{') {
      object(name + ".", depth + 1);
    } else if (c == '[') {
      array(name, depth + 1);
    } else if (c == '"' || c == '\'') {
      values.put(name, new Value(Value.Kind.TEXT, string()));
    } else {
      word(name);
    }
  }

  private void array(String name, int depth) throws UsageException {
    expect('[');
    space();
    int index = 0;
    while (peek() != ']') {
      value(name + "." + index, depth);
      index++;
      space();
      if (peek() != ']') {
        expect(',');
        space();
      }
    }
    position++;
  }

  private void word(String name) throws UsageException {
    int start = position;
    while (position < text.length() && isPartOfWord(text.charAt(position))) {
      position++;
    }
    String word = text.substring(start, position);
    Value.Kind kind =
        switch (word) {
          case "true", "false" -> Value.Kind.FLAG;
          case "null" -> Value.Kind.NULL;
          default -> {
            if (!word.matches("-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?")) {
              throw wrong();
            }
            yield Value.Kind.NUMBER;
          }
        };
    values.put(name, new Value(kind, word));
  }

  private static boolean isPartOfWord(char c) {
    return Character.isLetterOrDigit(c) || "+-._".indexOf(c) >= 0;
  }

  private String string() throws UsageException {
    char quote = peek();
    if (quote != '"' && quote != '\'') {
      throw wrong();
    }
    position++;
    StringBuilder string = new StringBuilder();
    while (peek() != quote) {
      char c = text.charAt(position);
      position++;
      string.append(c == '\\' ? escaped() : c);
    }
    position++;
    return string.toString();
  }

  private char escaped() throws UsageException {
    char c = peek();
    position++;
    return switch (c) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case '"', '\'', '/', '\\' -> c;
      case 'u' -> {
        if (position + 4 > text.length()) {
          throw wrong();
        }
        try {
          int code = Integer.parseInt(text.substring(position, position + 4), 16);
          position += 4;
          yield (char) code;
        } catch (NumberFormatException e) {
          throw wrong();
        }
      }
      default -> throw wrong();
    };
  }

  private void space() {
    while (position < text.length() && " \t\r\n".indexOf(text.charAt(position)) >= 0) {
      position++;
    }
  }

  private char peek() throws UsageException {
    if (position >= text.length()) {
      throw UsageException.wrongValue("JSON parse error, premature EOI");
    }
    return text.charAt(position);
  }

  private void expect(char wanted) throws UsageException {
    if (peek() != wanted) {
      throw wrong();
    }
    position++;
  }

  private UsageException wrong() {
    return UsageException.wrongValue("JSON parse error at character " + (position + 1));
  }
}
