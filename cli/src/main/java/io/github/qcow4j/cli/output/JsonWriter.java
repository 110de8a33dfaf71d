package io.github.qcow4j.cli.output;

import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Writes one JSON value as text in QEMU's form: four spaces for each level, one member or element a
 * line, keys in the order of the calls, and everything that is not printable ASCII escaped.
 *
 * <p>The calls must form a value: {@code object(); key("a"); number(1); end();}. Used once, by one
 * thread.
 */
public final class JsonWriter {

  private static final String INDENT = "    ";
  private static final String HEX = "0123456789ABCDEF";

  /** How much text waits for a stream. */
  private static final int WAITING_CHARS = 1 << 16;

  private final StringBuilder text = new StringBuilder();
  private final @Nullable PrintStream out;
  private final Deque<Character> open = new ArrayDeque<>();
  private boolean first = true;
  private boolean afterKey;

  /** Writes a value that is asked for when it is complete. */
  public JsonWriter() {
    this.out = null;
  }

  /**
   * Writes a value that may be too long to be held, most of it at once.
   *
   * @param out where its beginning goes; the rest is asked for
   */
  public JsonWriter(PrintStream out) {
    this.out = out;
  }

  /** Begins an object. */
  public JsonWriter object() {
    return begin('{', '}');
  }

  /** Begins an array. */
  public JsonWriter array() {
    return begin('[', ']');
  }

  /** Ends the innermost object or array. */
  public JsonWriter end() {
    char bracket = open.pop();
    newLine();
    text.append(bracket);
    first = false;
    return this;
  }

  /** Begins a member of an object; its value must follow. */
  public JsonWriter key(String name) {
    separate();
    quote(name);
    text.append(": ");
    afterKey = true;
    return this;
  }

  /** A string. */
  public JsonWriter string(String value) {
    separate();
    quote(value);
    return this;
  }

  /** A whole number. */
  public JsonWriter number(long value) {
    separate();
    text.append(value);
    return this;
  }

  /** A truth value. */
  public JsonWriter bool(boolean value) {
    separate();
    text.append(value);
    return this;
  }

  /** A member with a string. */
  public JsonWriter member(String name, String value) {
    return key(name).string(value);
  }

  /** A member with a whole number. */
  public JsonWriter member(String name, long value) {
    return key(name).number(value);
  }

  /** A member with a truth value. */
  public JsonWriter member(String name, boolean value) {
    return key(name).bool(value);
  }

  /** The text so far but for what a stream has of it, without a line feed at its end. */
  @Override
  public String toString() {
    return text.toString();
  }

  private JsonWriter begin(char opening, char closing) {
    separate();
    text.append(opening);
    open.push(closing);
    first = true;
    return this;
  }

  private void separate() {
    if (afterKey) {
      afterKey = false;
      return;
    }
    if (!open.isEmpty()) {
      if (!first) {
        text.append(',');
      }
      newLine();
    }
    first = false;
  }

  private void newLine() {
    if (out != null && text.length() > WAITING_CHARS) {
      out.append(text);
      text.setLength(0);
    }
    text.append('\n').repeat(INDENT, open.size());
  }

  private void quote(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\b' -> text.append("\\b");
        case '\f' -> text.append("\\f");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        default -> {
          if (c >= 0x20 && c < 0x7F) {
            text.append(c);
          } else {
            escape(c);
          }
        }
      }
    }
    text.append('"');
  }

  private void escape(char c) {
    text.append("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) {
      text.append(HEX.charAt((c >> shift) & 15));
    }
  }
}
