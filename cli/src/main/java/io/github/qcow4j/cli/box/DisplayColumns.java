package io.github.qcow4j.cli.box;

import java.lang.Character.UnicodeScript;

/**
 * How many columns of a terminal a text takes: none for what is put over the character before, two
 * for what East Asian scripts and emoji take, as Unicode Standard Annex #11 has it in the main; one
 * for all else.
 */
final class DisplayColumns {

  private static final int FIRST_FULLWIDTH = 0xFF01;
  private static final int LAST_FULLWIDTH = 0xFF60;

  private DisplayColumns() {}

  static int of(String text) {
    return text.codePoints().map(DisplayColumns::of).sum();
  }

  private static int of(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT -> 0;
      default -> isWide(codePoint) ? 2 : 1;
    };
  }

  private static boolean isWide(int codePoint) {
    return Character.isIdeographic(codePoint)
        || Character.isEmojiPresentation(codePoint)
        || (codePoint >= FIRST_FULLWIDTH && codePoint <= LAST_FULLWIDTH)
        || switch (UnicodeScript.of(codePoint)) {
          case HANGUL, HIRAGANA, KATAKANA -> true;
          default -> false;
        };
  }
}
