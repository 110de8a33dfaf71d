package io.github.qcow4j.qcow2.header;

import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Which images can hold compressed clusters. */
public final class CompressionRule {

  private CompressionRule() {}

  /**
   * Refuses an image that cannot: the specification has compressed clusters in the image file only,
   * and none beside an external data file.
   *
   * @param image the image, when known
   * @param externalDataFile whether its data are in another file
   */
  public static void require(@Nullable Path image, boolean externalDataFile)
      throws UnsupportedFeatureException {
    if (externalDataFile) {
      throw new UnsupportedFeatureException(
          image,
          "Compressed clusters are not possible with an external data file",
          Feature.EXTERNAL_DATA_FILE.specificationName());
    }
  }
}
