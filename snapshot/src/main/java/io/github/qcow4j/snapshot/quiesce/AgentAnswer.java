package io.github.qcow4j.snapshot.quiesce;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.github.qcow4j.qcow2.error.UnseenCharacter;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One answer of the guest's agent, which may be anything at all: the guest writes it.
 *
 * @param value what {@code return} says as text, when that is a number or a string
 * @param error what {@code error} says, in one line, or null
 */
record AgentAnswer(@Nullable String value, @Nullable String error) {

  private static final int MAX_DEPTH = 16;
  private static final int MAX_TOLD_CHARACTERS = 200;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(20)
                  .maxStringLength(AgentConnection.MAX_ANSWER_BYTES)
                  .maxDocumentLength(AgentConnection.MAX_ANSWER_BYTES)
                  .build())
          .build();

  /**
   * Reads a line.
   *
   * @throws QuiesceException when it is not an answer
   */
  static AgentAnswer of(byte[] line) throws QuiesceException {
    try (JsonParser parser = JSON.createParser(line)) {
      AgentAnswer answer = parse(parser);
      if (answer == null || parser.nextToken() != null) {
        throw new QuiesceException("the guest's agent gave an answer that is none");
      }
      return answer;
    } catch (QuiesceException e) {
      throw e;
    } catch (IOException e) {
      throw new QuiesceException("the guest's agent gave an answer that is not JSON", e);
    }
  }

  private static @Nullable AgentAnswer parse(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      return null;
    }
    boolean returned = false;
    String value = null;
    String error = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken token = parser.nextToken();
      if (name.equals("return")) {
        returned = true;
        value = token.isScalarValue() ? parser.getText() : null;
        parser.skipChildren();
      } else if (name.equals("error")) {
        error = describeError(parser, token);
      } else {
        parser.skipChildren();
      }
    }
    return returned || error != null ? new AgentAnswer(value, error) : null;
  }

  private static String describeError(JsonParser parser, JsonToken token) throws IOException {
    String text = "an error without a description";
    if (token != JsonToken.START_OBJECT) {
      parser.skipChildren();
      return text;
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean description = parser.currentName().equals("desc");
      if (parser.nextToken() == JsonToken.VALUE_STRING && description) {
        text = printable(parser.getText());
      }
      parser.skipChildren();
    }
    return text;
  }

  /** A stranger's text in one line, for a terminal. */
  private static String printable(String text) {
    StringBuilder line = new StringBuilder();
    text.codePoints()
        .limit(MAX_TOLD_CHARACTERS)
        .forEach(each -> line.appendCodePoint(UnseenCharacter.is(each) ? ' ' : each));
    return line.toString().strip();
  }
}
