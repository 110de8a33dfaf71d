package io.github.qcow4j.qcow2.error;

/**
 * Characters of a text of strangers, a name out of an image above all, that people do not see but
 * terminals obey: control characters, format characters (Unicode category Cf), some of which turn
 * the text around that follows, and what ends a line or paragraph. Whoever shows such a text puts
 * something else in their place.
 */
public final class UnseenCharacter {

  private UnseenCharacter() {}

  /** Whether a character is one of these. */
  public static boolean is(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }
}
