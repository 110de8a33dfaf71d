package io.github.qcow4j.snapshot.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import io.github.qcow4j.snapshot.json.JsonValue.JsonArray;
import io.github.qcow4j.snapshot.json.JsonValue.JsonBoolean;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNull;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNumber;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads and writes JSON texts (RFC 8259) in UTF-8. Any thread may. */
public final class JsonText {

  /** Documents of this kind nest three or four deep; a parser's stack is not for strangers. */
  private static final int MAX_DEPTH = 32;

  private static final int MAX_NUMBER_CHARS = 64;

  private static final JsonFactory FACTORY =
      new JsonFactoryBuilder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(MAX_NUMBER_CHARS)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private JsonText() {}

  /**
   * Reads a text that holds one value. The caller has bounded its length.
   *
   * @param text the text in UTF-8
   * @param subject what it is, for messages
   * @throws DamagedTransferException when it is not JSON, or names a member of an object twice
   * @throws TransferLimitException when it nests deeper than 32, or has a number of more than 64
   *     digits
   */
  public static JsonValue read(byte[] text, String subject) throws TransferException {
    try (JsonParser parser = FACTORY.createParser(decoded(text))) {
      parser.nextToken();
      JsonValue value = value(parser);
      if (parser.nextToken() != null) {
        throw new DamagedTransferException("Invalid " + subject + ": text behind its end");
      }
      return value;
    } catch (TransferException e) {
      throw e;
    } catch (StreamConstraintsException e) {
      // The parser's own words name its classes.
      throw new TransferLimitException(
          "Invalid %s: its depth is over %d, or a number in it has more than %d digits"
              .formatted(subject, MAX_DEPTH, MAX_NUMBER_CHARS),
          MAX_DEPTH);
    } catch (JsonProcessingException e) {
      throw new DamagedTransferException("Invalid " + subject + ": " + firstLine(e));
    } catch (CharacterCodingException e) {
      throw new DamagedTransferException("Invalid " + subject + ": not UTF-8");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As {@link #read}, of a text that holds an object. */
  public static JsonObject readObject(byte[] text, String subject) throws TransferException {
    if (read(text, subject) instanceof JsonObject object) {
      return object;
    }
    throw new DamagedTransferException("Invalid " + subject + ": not an object");
  }

  private static String decoded(byte[] text) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
  }

  private static String firstLine(JsonProcessingException e) {
    String place =
        e.getLocation() == null
            ? ""
            : " (line %d, column %d)"
                .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr());
    String reason = e.getOriginalMessage().lines().findFirst().orElse("not JSON");
    return reason.replaceAll("\\[Source: [^]]*; (line: \\d+, column: \\d+)]", "$1") + place;
  }

  private static JsonValue value(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      throw new DamagedTransferException("Invalid JSON: the text is empty");
    }
    return switch (token) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> array(parser);
      case VALUE_STRING -> new JsonString(parser.getText());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new JsonNumber(parser.getText());
      case VALUE_TRUE -> JsonBoolean.TRUE;
      case VALUE_FALSE -> JsonBoolean.FALSE;
      case VALUE_NULL -> JsonNull.NULL;
      case NOT_AVAILABLE, END_OBJECT, END_ARRAY, FIELD_NAME, VALUE_EMBEDDED_OBJECT ->
          throw new DamagedTransferException("Invalid JSON: " + token);
    };
  }

  private static JsonObject object(JsonParser parser) throws IOException {
    Map<String, JsonValue> members = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      members.put(name, value(parser));
    }
    return new JsonObject(members);
  }

  private static JsonArray array(JsonParser parser) throws IOException {
    List<JsonValue> elements = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      elements.add(value(parser));
    }
    return new JsonArray(elements);
  }

  /** Writes a value over several lines, indented by two spaces, with a line feed at the end. */
  public static byte[] write(JsonValue value) {
    StringBuilder text = new StringBuilder();
    append(text, value, "\n");
    return text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * The same for readers that take texts up to a length: where several lines are too long, in one
   * line.
   *
   * @param maxBytes how long the text may be
   * @param subject what it is, for messages
   * @throws TransferLimitException when one line is too long as well
   */
  public static byte[] write(JsonValue value, int maxBytes, String subject)
      throws TransferLimitException {
    byte[] text = write(value);
    if (text.length > maxBytes) {
      text = writeLine(value).getBytes(StandardCharsets.UTF_8);
    }
    if (text.length > maxBytes) {
      throw new TransferLimitException(
          "The %s would have %d bytes, allowed are %d".formatted(subject, text.length, maxBytes),
          maxBytes);
    }
    return text;
  }

  /** Writes a value in one line, as short as it can be, without a line feed. */
  public static String writeLine(JsonValue value) {
    StringBuilder text = new StringBuilder();
    append(text, value, "");
    return text.toString();
  }

  /**
   * @param lineStart a line feed and the indentation, or empty to stay in one line
   */
  private static void append(StringBuilder text, JsonValue value, String lineStart) {
    switch (value) {
      case JsonObject object -> appendObject(text, object, lineStart);
      case JsonArray array -> appendArray(text, array, lineStart);
      case JsonString string -> appendString(text, string.text());
      case JsonNumber number -> text.append(number.literal());
      case JsonBoolean bool -> text.append(bool == JsonBoolean.TRUE);
      case JsonNull nothing -> text.append("null");
    }
  }

  private static void appendObject(StringBuilder text, JsonObject object, String lineStart) {
    String inner = deeper(lineStart);
    String separator = "{";
    for (Map.Entry<String, JsonValue> member : object.members().entrySet()) {
      text.append(separator).append(inner);
      appendString(text, member.getKey());
      append(text.append(lineStart.isEmpty() ? ":" : ": "), member.getValue(), inner);
      separator = ",";
    }
    text.append(object.members().isEmpty() ? "{}" : lineStart + "}");
  }

  private static void appendArray(StringBuilder text, JsonArray array, String lineStart) {
    String inner = deeper(lineStart);
    String separator = "[";
    for (JsonValue element : array.elements()) {
      append(text.append(separator).append(inner), element, inner);
      separator = ",";
    }
    text.append(array.elements().isEmpty() ? "[]" : lineStart + "]");
  }

  private static String deeper(String lineStart) {
    return lineStart.isEmpty() ? "" : lineStart + "  ";
  }

  private static void appendString(StringBuilder text, String string) {
    text.append('"');
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"', '\\' -> text.append('\\').append(c);
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        case '\b' -> text.append("\\b");
        case '\f' -> text.append("\\f");
        default -> {
          if (c < 0x20 || (Character.isSurrogate(c) && !isPaired(string, i))) {
            text.append("\\u%04x".formatted((int) c));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
  }

  private static boolean isPaired(String string, int i) {
    char c = string.charAt(i);
    return Character.isHighSurrogate(c)
        ? i + 1 < string.length() && Character.isLowSurrogate(string.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(string.charAt(i - 1));
  }
}
