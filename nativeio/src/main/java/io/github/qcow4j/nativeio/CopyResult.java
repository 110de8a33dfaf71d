package io.github.qcow4j.nativeio;

import org.jspecify.annotations.Nullable;

/**
 * How many bytes were copied in which way.
 *
 * @param reflinkBytes by {@link CopyMethod#REFLINK}
 * @param kernelCopyBytes by {@link CopyMethod#KERNEL_COPY}
 * @param userCopyBytes by {@link CopyMethod#USER_COPY}
 */
public record CopyResult(long reflinkBytes, long kernelCopyBytes, long userCopyBytes) {

  /** Nothing copied. */
  public static final CopyResult NONE = new CopyResult(0, 0, 0);

  /** These bytes, all copied in one way. */
  public static CopyResult of(CopyMethod method, long lengthBytes) {
    return switch (method) {
      case REFLINK -> new CopyResult(lengthBytes, 0, 0);
      case KERNEL_COPY -> new CopyResult(0, lengthBytes, 0);
      case USER_COPY -> new CopyResult(0, 0, lengthBytes);
    };
  }

  /** Both together. */
  public CopyResult plus(CopyResult other) {
    return new CopyResult(
        reflinkBytes + other.reflinkBytes,
        kernelCopyBytes + other.kernelCopyBytes,
        userCopyBytes + other.userCopyBytes);
  }

  /** The bytes copied in one way. */
  public long bytes(CopyMethod method) {
    return switch (method) {
      case REFLINK -> reflinkBytes;
      case KERNEL_COPY -> kernelCopyBytes;
      case USER_COPY -> userCopyBytes;
    };
  }

  /** The costliest way in which something was copied, or null when nothing was. */
  public @Nullable CopyMethod costliest() {
    if (userCopyBytes > 0) {
      return CopyMethod.USER_COPY;
    }
    return kernelCopyBytes > 0
        ? CopyMethod.KERNEL_COPY
        : reflinkBytes > 0 ? CopyMethod.REFLINK : null;
  }

  /** All bytes copied. */
  public long totalBytes() {
    return reflinkBytes + kernelCopyBytes + userCopyBytes;
  }
}
