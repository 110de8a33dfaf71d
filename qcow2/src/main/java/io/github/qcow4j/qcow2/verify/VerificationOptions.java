package io.github.qcow4j.qcow2.verify;

import io.github.qcow4j.qcow2.ImageFormat;
import org.jspecify.annotations.Nullable;

/**
 * What is expected of an image.
 *
 * @param declaredFormat what it was said to be, or null to take what its content tells
 * @param maxVirtualSize the largest disk to accept, in bytes
 * @param besideWriters whether somebody may write to it meanwhile; what is found may then not be so
 */
public record VerificationOptions(
    @Nullable ImageFormat declaredFormat, long maxVirtualSize, boolean besideWriters) {

  /** Any size, any format, no writers. */
  public static final VerificationOptions ANY =
      new VerificationOptions(null, Long.MAX_VALUE, false);
}
