package io.github.qcow4j.qcow2.snapshot;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Text as it is stored in an image: UTF-8 as a rule, but any bytes may be there, and have to be
 * there still when it is written elsewhere. Each byte that is no part of UTF-8 text is a single
 * surrogate, U+DC80 to U+DCFF, which no text in UTF-8 contains.
 */
public final class StoredText {

  private static final char FIRST = '\uDC80';
  private static final char LAST = '\uDCFF';
  private static final char UNREADABLE = '\uFFFD';

  private StoredText() {}

  /** The text that bytes are; {@link #encode} makes the same bytes of it. */
  static String decode(ByteBuffer bytes) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    CharBuffer text = CharBuffer.allocate(bytes.remaining());
    CoderResult result = decoder.decode(bytes, text, true);
    while (result.isError()) {
      for (int i = 0; i < result.length(); i++) {
        text.put((char) (FIRST - 0x80 + (bytes.get() & 0xFF)));
      }
      result = decoder.reset().decode(bytes, text, true);
    }
    return text.flip().toString();
  }

  /** The bytes that text is stored as. */
  static byte[] encode(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
    int from = 0;
    for (int i = 0; i < text.length(); i++) {
      if (isByte(text, i)) {
        bytes.writeBytes(text.substring(from, i).getBytes(StandardCharsets.UTF_8));
        bytes.write(text.charAt(i) - FIRST + 0x80);
        from = i + 1;
      }
    }
    bytes.writeBytes(text.substring(from).getBytes(StandardCharsets.UTF_8));
    return bytes.toByteArray();
  }

  /** The text for people and programs to read, with U+FFFD for each byte that is no text. */
  public static String readable(String text) {
    StringBuilder shown = new StringBuilder(text);
    for (int i = 0; i < text.length(); i++) {
      if (isByte(text, i)) {
        shown.setCharAt(i, UNREADABLE);
      }
    }
    return shown.toString();
  }

  private static boolean isByte(String text, int index) {
    char c = text.charAt(index);
    return c >= FIRST
        && c <= LAST
        && (index == 0 || !Character.isHighSurrogate(text.charAt(index - 1)));
  }
}
