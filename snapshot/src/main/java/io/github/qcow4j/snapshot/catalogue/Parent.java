package io.github.qcow4j.snapshot.catalogue;

/** What lies below an image. */
public sealed interface Parent {

  /**
   * Another image of the home.
   *
   * @param imageId which
   */
  record Inside(String imageId) implements Parent {}

  /**
   * An image outside the home.
   *
   * @param path where, absolute, as the header has it
   * @param format its format, as the header has it
   */
  record Outside(String path, String format) implements Parent {}
}
