package io.github.qcow4j.qcow2.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An image names a backing or data file that the caller's reference policy does not allow. */
public final class ReferenceDeniedException extends ImageException {

  private static final long serialVersionUID = 1L;

  private final String reference;
  private final String reason;

  /**
   * @param image the image that names the file, when known
   * @param reference the name as it stands in the image
   * @param reason why it was denied
   */
  public ReferenceDeniedException(@Nullable Path image, String reference, String reason) {
    super(image, "Reference to '" + reference + "' denied: " + reason);
    this.reference = reference;
    this.reason = reason;
  }

  /** The name as it stands in the image. */
  public String reference() {
    return reference;
  }

  /** Why it was denied. */
  public String reason() {
    return reason;
  }
}
