package io.github.qcow4j.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What nobody sees becomes a blank, and all that can be read stays as it is. */
final class OneLineTest {

  @Test
  void everyUnseenCharacterBecomesOneBlank() {
    assertThat(
            ErrorText.oneLine("a\n\u007f\u0085b\u202e\u2066\u200b\ufeffc\u2028\u2029\udb40\udc41d"))
        .isEqualTo("a   b    c   d");
  }

  @Test
  void whatCanBeReadStays() {
    String text = "'Größe' 大小 \ud83d\udcbe ~ \ud800 \ufffd";
    assertThat(ErrorText.oneLine(text)).isEqualTo(text);
  }
}
