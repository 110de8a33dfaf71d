package io.github.qcow4j.qcow2.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An image needs a feature that this program does not have, or not for the access asked for. */
public final class UnsupportedFeatureException extends ImageException {

  private static final long serialVersionUID = 1L;

  private final String feature;

  /**
   * @param image the image, when known
   * @param message what was refused, in QEMU's words where QEMU has some
   * @param feature the feature by name: the specification's, or the image's own feature name
   *     table's
   */
  public UnsupportedFeatureException(@Nullable Path image, String message, String feature) {
    super(image, message);
    this.feature = feature;
  }

  /** The feature by name. */
  public String feature() {
    return feature;
  }

  @Override
  public String where() {
    return "feature: " + feature;
  }
}
