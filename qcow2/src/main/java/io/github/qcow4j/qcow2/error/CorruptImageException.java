package io.github.qcow4j.qcow2.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an image contradict the format. Thrown only after they were read without failure.
 */
public final class CorruptImageException extends ImageException {

  private static final long serialVersionUID = 1L;

  private final String structure;
  private final long hostOffset;

  /**
   * @param image the image, when known
   * @param message what is wrong, in QEMU's words where QEMU has some
   * @param structure the structure by its name in the specification, for example "L2 table"
   * @param hostOffset where it, or the field in it, stands in the file, in bytes; -1 for nowhere
   */
  public CorruptImageException(
      @Nullable Path image, String message, String structure, long hostOffset) {
    super(image, message);
    this.structure = structure;
    this.hostOffset = hostOffset;
  }

  /** The damaged structure, by its name in the specification. */
  public String structure() {
    return structure;
  }

  /** Its place in the file in bytes, or -1 for nowhere. */
  public long hostOffset() {
    return hostOffset;
  }

  @Override
  public String where() {
    return hostOffset < 0 ? structure : structure + ", offset 0x" + Long.toHexString(hostOffset);
  }
}
