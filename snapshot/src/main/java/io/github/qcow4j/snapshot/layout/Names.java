package io.github.qcow4j.snapshot.layout;

import io.github.qcow4j.qcow2.error.UnseenCharacter;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Which names boxes, snapshots and disks may have. */
public final class Names {

  /** As for a file's name on Linux, so that a name can become one. */
  private static final int MAX_BYTES = 255;

  private static final int MAX_ROLE_LENGTH = 32;

  /** What stands for bytes that were no characters. */
  private static final int UNDECODABLE = 0xFFFD;

  private Names() {}

  /**
   * Requires 1 to 255 bytes of UTF-8 without slash, backslash, control or format character, or
   * leading dot. Format characters (Unicode category Cf) are not seen, and some turn the text
   * around that follows: a name would not be the one that is read.
   *
   * @param what what the name is for, for the message
   */
  public static String require(String what, String name) throws InvalidRequestException {
    String fault = fault(name);
    if (fault != null) {
      throw new InvalidRequestException(what + " name '" + printable(name) + "' " + fault);
    }
    return name;
  }

  private static @Nullable String fault(String name) {
    if (name.isEmpty()) {
      return "is empty";
    } else if (name.startsWith(".")) {
      return "begins with a dot";
    } else if (name.indexOf('/') >= 0 || name.indexOf('\\') >= 0) {
      return "has a slash in it";
    } else if (name.codePoints().anyMatch(Names::isUnseen)) {
      return "has a control or format character in it";
    } else if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      return "is not UTF-8";
    } else if (name.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      return "has more than " + MAX_BYTES + " bytes";
    }
    return null;
  }

  private static String printable(String name) {
    StringBuilder seen = new StringBuilder();
    name.codePoints().forEach(c -> seen.appendCodePoint(isUnseen(c) ? '?' : c));
    return seen.toString();
  }

  private static boolean isUnseen(int codePoint) {
    return codePoint == UNDECODABLE || UnseenCharacter.is(codePoint);
  }

  /** Requires a disk's role: 1 to 32 of a to z, 0 to 9, {@code _} and {@code -}. */
  public static String requireRole(String role) throws InvalidRequestException {
    boolean good =
        !role.isEmpty()
            && role.length() <= MAX_ROLE_LENGTH
            && role.chars()
                .allMatch(
                    c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-');
    if (!good) {
      throw new InvalidRequestException(
          "disk role '" + printable(role) + "' is not 1 to 32 of a-z, 0-9, _ and -");
    }
    return role;
  }
}
