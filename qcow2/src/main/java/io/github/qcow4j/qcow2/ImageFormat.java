package io.github.qcow4j.qcow2;

import java.util.Optional;

/** The formats of images. */
public enum ImageFormat {
  /** The guest's bytes as they are. */
  RAW("raw"),
  /** qcow2, version 2 or 3. */
  QCOW2("qcow2");

  private final String label;

  ImageFormat(String label) {
    this.label = label;
  }

  /** The name in options, headers and reports. */
  public String label() {
    return label;
  }

  /** The format of that name, if there is one. */
  public static Optional<ImageFormat> byLabel(String label) {
    for (ImageFormat format : values()) {
      if (format.label.equals(label)) {
        return Optional.of(format);
      }
    }
    return Optional.empty();
  }
}
