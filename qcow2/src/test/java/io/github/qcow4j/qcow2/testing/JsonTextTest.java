package io.github.qcow4j.qcow2.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTextTest {

  @Test
  void keepsTheOrderOfKeys() {
    assertEquals(
        List.of("z", "a", "m"),
        List.copyOf(JsonText.object("{\"z\": 1, \"a\": {}, \"m\": [ ]}").keySet()));
  }

  @Test
  void readsEveryKindOfValue() {
    assertEquals(
        List.of(
            true,
            false,
            JsonText.NULL,
            12L,
            new BigDecimal("-1.5e3"),
            "a\"\\\u00e9\n",
            Map.of("k", List.of())),
        JsonText.array("[true, false, null, 12, -1.5e3, \"a\\\"\\\\\\u00E9\\n\", {\"k\": []}]"));
    assertEquals(new BigDecimal("18446744073709551615"), JsonText.parse(" 18446744073709551615 "));
  }

  @Test
  void leavesOutNamedMembersAtAnyDepth() {
    Object document =
        JsonText.parse("[{\"actual-size\": 1, \"info\": {\"actual-size\": 2, \"x\": 3}}]");
    assertEquals(
        List.of(Map.of("info", Map.of("x", 3L))), JsonText.without(document, "actual-size"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{", "[1,]", "[1 2]", "{\"a\":1,\"a\":2}", "tru", "1 1", "\"", "{1:2}", "-"})
  void refusesWhatIsNoDocument(String text) {
    assertThrows(IllegalArgumentException.class, () -> JsonText.parse(text));
  }
}
