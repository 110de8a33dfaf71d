package io.github.qcow4j.snapshot.transfer;

import java.nio.charset.StandardCharsets;

/**
 * Names that stand for one file in one directory, and can lead nowhere else: no path, no directory
 * itself, nothing that a terminal would obey.
 */
public final class PlainName {

  /** {@code NAME_MAX} of {@code limits.h}. */
  private static final int MAX_BYTES = 255;

  private PlainName() {}

  /**
   * Passes a name on.
   *
   * @throws RefusedTransferException when it is empty, {@code .} or {@code ..}, longer than 255
   *     bytes of UTF-8, or holds a slash, a backslash or a control character
   */
  public static String require(String name) throws RefusedTransferException {
    if (name.isEmpty()) {
      throw new RefusedTransferException("A file without a name is not allowed");
    } else if (name.equals(".") || name.equals("..")) {
      throw refused(name, "it is a directory");
    } else if (name.indexOf('/') >= 0 || name.indexOf('\\') >= 0) {
      throw refused(name, "only plain file names are");
    } else if (name.chars().anyMatch(Character::isISOControl)) {
      throw refused(name, "it holds a control character");
    } else if (name.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      throw refused(name, "it is longer than " + MAX_BYTES + " bytes");
    }
    return name;
  }

  private static RefusedTransferException refused(String name, String reason) {
    return new RefusedTransferException("The name '" + shown(name) + "' is not allowed: " + reason);
  }

  /** A name from a stranger as it may be shown: short, and without what a terminal would obey. */
  public static String shown(String name) {
    String start = name.length() > 80 ? name.substring(0, 80) + "…" : name;
    return start.replaceAll("[\\p{Cntrl}\\p{Cf}]", "?");
  }
}
