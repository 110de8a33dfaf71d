package io.github.qcow4j.qcow2.bitmap;

import org.jspecify.annotations.Nullable;

/** One change of an image's bitmaps. */
public sealed interface BitmapChange {

  /** The name of the bitmap that is changed. */
  String bitmap();

  /**
   * Adds a bitmap without marks that follows every write from now on.
   *
   * @param bitmap its name, 1 to 1023 bytes of UTF-8 that no other bitmap has
   * @param granularityBytes the guest bytes that one bit covers, a power of two from 512 to 2^31; 0
   *     for the image's cluster size, but 4 KiB at least and 64 KiB at the most
   */
  record Add(String bitmap, long granularityBytes) implements BitmapChange {}

  /** Removes a bitmap, one that is in use too. */
  record Remove(String bitmap) implements BitmapChange {}

  /** Clears all marks. */
  record Clear(String bitmap) implements BitmapChange {}

  /** Lets the bitmap follow every write from now on. */
  record Enable(String bitmap) implements BitmapChange {}

  /** Leaves the bitmap as it is, whatever is written from now on. */
  record Disable(String bitmap) implements BitmapChange {}

  /**
   * Marks also what another bitmap has marked.
   *
   * @param bitmap the one that gets the marks
   * @param source the name of the one that has them
   * @param from where that one is, or null for the same image
   */
  record Merge(String bitmap, String source, @Nullable BitmapSource from) implements BitmapChange {}
}
