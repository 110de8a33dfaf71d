package io.github.qcow4j.cli.image;

import java.util.Set;

/** Formats of images that this program does not make. */
final class UnknownFormat {

  /** Those that {@code qemu-img} reads but does not make either, and says so. */
  private static final Set<String> READ_ONLY = Set.of("bochs", "cloop", "dmg", "vvfat");

  private UnknownFormat() {}

  /** Why there will be no image of that format, in {@code qemu-img}'s words. */
  static String refusal(String format) {
    return READ_ONLY.contains(format)
        ? "Format driver '" + format + "' does not support image creation"
        : "Unknown file format '" + format + "'";
  }
}
