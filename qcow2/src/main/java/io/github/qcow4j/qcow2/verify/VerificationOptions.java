package io.github.qcow4j.qcow2.verify;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import org.jspecify.annotations.Nullable;

/**
 * What is expected of an image.
 *
 * @param declaredFormat what it was said to be, or null to take what its content tells
 * @param maxVirtualSize the largest disk to accept, in bytes
 * @param besideWriters whether somebody may write to it meanwhile; what is found may then not be so
 * @param references which files it may name; they are looked up by name and never opened
 */
public record VerificationOptions(
    @Nullable ImageFormat declaredFormat,
    long maxVirtualSize,
    boolean besideWriters,
    ReferencePolicy references) {

  /** Any size, any format, no writers, no other files. */
  public static final VerificationOptions ANY =
      new VerificationOptions(null, Long.MAX_VALUE, false);

  /** The same as with all components, for an image that may name no other file. */
  public VerificationOptions(
      @Nullable ImageFormat declaredFormat, long maxVirtualSize, boolean besideWriters) {
    this(declaredFormat, maxVirtualSize, besideWriters, ReferencePolicy.deny());
  }
}
