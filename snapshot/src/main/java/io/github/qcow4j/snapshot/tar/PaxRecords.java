package io.github.qcow4j.snapshot.tar;

import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The records of an extended header, in order (POSIX, pax utility, pax extended header). Values
 * stay bytes until somebody asks for text: those nobody asks for may be anything.
 */
final class PaxRecords {

  static final PaxRecords NONE = new PaxRecords(List.of());

  private static final int MAX_LENGTH_DIGITS = 9;

  private final List<Entry> entries;

  private PaxRecords(List<Entry> entries) {
    this.entries = entries;
  }

  /**
   * One record.
   *
   * @param key its keyword
   * @param value its value
   */
  private record Entry(String key, ByteBuffer value) {}

  static PaxRecords parse(byte[] text) throws DamagedTransferException {
    List<Entry> entries = new ArrayList<>();
    int at = 0;
    while (at < text.length) {
      int digits = at;
      int length = 0;
      while (digits < text.length && digits - at < MAX_LENGTH_DIGITS && isDigit(text[digits])) {
        length = 10 * length + text[digits++] - '0';
      }
      if (digits == at || digits >= text.length || text[digits] != ' ') {
        throw damaged("a record does not begin with its length");
      }
      int end = at + length;
      int equals = digits + 1;
      if (length <= equals - at || end > text.length || text[end - 1] != '\n') {
        throw damaged("a record is not as long as it says");
      }
      while (equals < end && text[equals] != '=') {
        equals++;
      }
      if (equals == end || equals == digits + 1) {
        throw damaged("a record has no keyword");
      }
      String key = utf8(ByteBuffer.wrap(text, digits + 1, equals - digits - 1));
      entries.add(new Entry(key, ByteBuffer.wrap(text, equals + 1, end - equals - 2).slice()));
      at = end;
    }
    return new PaxRecords(entries);
  }

  private static boolean isDigit(byte value) {
    return value >= '0' && value <= '9';
  }

  private static DamagedTransferException damaged(String what) {
    return new DamagedTransferException("Invalid archive: extended header: " + what);
  }

  private static String utf8(ByteBuffer bytes) throws DamagedTransferException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString();
    } catch (CharacterCodingException e) {
      throw damaged("text is not UTF-8");
    }
  }

  /** The value that counts, the last one; or null. */
  @Nullable String text(String key) throws DamagedTransferException {
    for (int i = entries.size() - 1; i >= 0; i--) {
      if (entries.get(i).key.equals(key)) {
        return utf8(entries.get(i).value);
      }
    }
    return null;
  }

  /** The same as a number {@code >= 0}, or -1 where there is none. */
  long number(String key) throws DamagedTransferException {
    String text = text(key);
    return text == null ? -1 : number(text, key);
  }

  static long number(String text, String what) throws DamagedTransferException {
    boolean digits = !text.isEmpty() && text.length() <= 19;
    for (int i = 0; digits && i < text.length(); i++) {
      digits = text.charAt(i) >= '0' && text.charAt(i) <= '9';
    }
    if (digits) {
      try {
        return Long.parseLong(text);
      } catch (NumberFormatException e) {
        // Nineteen digits can be too many.
      }
    }
    throw damaged(what + " is no number");
  }

  /** All values of two keywords, in order: for what is written in pairs. */
  List<String> texts(String first, String second) throws DamagedTransferException {
    List<String> found = new ArrayList<>();
    for (Entry each : entries) {
      if (each.key.equals(first) || each.key.equals(second)) {
        found.add(each.key + "=" + utf8(each.value));
      }
    }
    return found;
  }

  /** Whether a record says something of a member's name, length or place. */
  boolean describesMembers() {
    return entries.stream()
        .anyMatch(each ->
            each.key.equals("path")
                || each.key.equals("size")
                || each.key.startsWith("GNU.sparse.")
                || each.key.startsWith("COCOON."));
  }
}
