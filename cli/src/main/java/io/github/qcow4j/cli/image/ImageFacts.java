package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.inspect.ImageSummary;
import org.jspecify.annotations.Nullable;

/**
 * An image and the name to show it by.
 *
 * @param name the name as QEMU would show it
 * @param summary what the image says of itself
 */
record ImageFacts(String name, ImageSummary summary) {

  @Nullable Qcow2Header header() {
    return summary.header();
  }

  boolean has(Feature feature) {
    Qcow2Header header = header();
    return header != null && header.has(feature);
  }

  boolean encrypted() {
    Qcow2Header header = header();
    return header != null && header.cryptMethod() != Qcow2Header.CRYPT_NONE;
  }

  /**
   * The backing file's name, a relative one put behind the directory of the image. A protocol's
   * name stays as it is.
   */
  @Nullable String fullBackingName() {
    String stored = summary.backingName();
    if (stored == null || stored.startsWith("/") || StoredName.hasProtocol(stored)) {
      return stored;
    }
    return name.substring(0, name.lastIndexOf('/') + 1) + stored;
  }

  @Nullable String backingFormat() {
    Qcow2Header header = header();
    return header == null ? null : header.extensions().backingFormat();
  }
}
