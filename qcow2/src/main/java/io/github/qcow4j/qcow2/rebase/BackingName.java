package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.qcow2.ImageFormat;

/**
 * How an overlay names its backing file.
 *
 * @param name as it is to be stored; a relative one counts from the overlay's directory
 * @param format the name of its format, always stored: one that is not is guessed by whoever opens
 *     the overlay. Formats that are not known here may be stored, but not opened
 */
public record BackingName(String name, String format) {

  /** A name with a format that is known. */
  public static BackingName of(String name, ImageFormat format) {
    return new BackingName(name, format.label());
  }
}
