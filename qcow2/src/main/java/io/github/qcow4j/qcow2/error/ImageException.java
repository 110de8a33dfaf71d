package io.github.qcow4j.qcow2.error;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Something is wrong with an image rather than with the storage below it.
 *
 * <p>The family is closed, so that a caller can tell each kind from the others without reading
 * texts:
 *
 * <pre>
 * CorruptImageException       the bytes contradict the format; says which structure and where
 * UnsupportedFeatureException the bytes are sound, but need something this program cannot do
 * ReferenceDeniedException    the image names another file that the caller did not allow
 * ImageInUseException         another program holds the image
 * LimitExceededException      a named limit would be passed
 * </pre>
 */
public abstract sealed class ImageException extends IOException
    permits CorruptImageException,
        UnsupportedFeatureException,
        ReferenceDeniedException,
        ImageInUseException,
        LimitExceededException {

  private static final long serialVersionUID = 1L;

  private final transient @Nullable Path image;

  ImageException(@Nullable Path image, String message) {
    super(message);
    this.image = image;
  }

  /** The image that the exception is about, when known. */
  public @Nullable Path image() {
    return image;
  }

  /**
   * Where in the image, in a few words for a person ("active L1 table, offset 0x28"), or null where
   * there is no such place.
   */
  public @Nullable String where() {
    return null;
  }
}
