package io.github.qcow4j.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** JSON looks as QEMU prints it. */
final class JsonWriterTest {

  @Test
  void nestsWithFourSpacesAndKeepsTheOrderOfKeys() {
    JsonWriter json =
        new JsonWriter()
            .object()
            .member("z", 1)
            .key("a")
            .array()
            .string("x")
            .object()
            .member("yes", true)
            .end()
            .end()
            .key("empty")
            .array()
            .end()
            .key("nothing")
            .object()
            .end()
            .end();

    assertThat(json)
        .hasToString(
            """
            {
                "z": 1,
                "a": [
                    "x",
                    {
                        "yes": true
                    }
                ],
                "empty": [
                ],
                "nothing": {
                }
            }\
            """);
  }

  @Test
  void escapesWhatIsNotPrintableAscii() {
    JsonWriter json = new JsonWriter().string("q\"b\\s/\b\f\n\r\t\u0001\u007F\u00FC\uD83D\uDE00~ ");

    assertThat(json)
        .hasToString("\"q\\\"b\\\\s/\\b\\f\\n\\r\\t\\u0001\\u007F\\u00FC\\uD83D\\uDE00~ \"");
  }

  @Test
  void aDocumentCanBeAValueOfItsOwn() {
    assertThat(new JsonWriter().number(-5)).hasToString("-5");
    assertThat(new JsonWriter().array().end()).hasToString("[\n]");
  }
}
