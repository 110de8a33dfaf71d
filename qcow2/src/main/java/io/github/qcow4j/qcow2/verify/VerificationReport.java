package io.github.qcow4j.qcow2.verify;

import io.github.qcow4j.qcow2.ImageFormat;
import java.util.List;

/**
 * What speaks against an image.
 *
 * @param format the format that its content tells
 * @param virtualSize the size of the disk in bytes, or -1 where the header does not hold together
 * @param concerns what speaks against it, at most {@link ImageVerification#MAX_CONCERNS} of one
 *     kind
 * @param unlisted how many more there are
 * @param missingCopiedFlags how many copied flags are clear that could be set, which speaks against
 *     nothing; {@link io.github.qcow4j.qcow2.check.ImageRepair} sets them
 */
public record VerificationReport(
    ImageFormat format,
    long virtualSize,
    List<Concern> concerns,
    long unlisted,
    long missingCopiedFlags) {

  /** Whether nothing does. */
  public boolean isAcceptable() {
    return concerns.isEmpty();
  }
}
