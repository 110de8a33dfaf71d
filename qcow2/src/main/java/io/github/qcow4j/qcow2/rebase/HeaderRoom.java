package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.HeaderRewrite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Whether an image can name a backing file; asked before anything is changed. */
public final class HeaderRoom {

  private HeaderRoom() {}

  /**
   * Refuses an image that cannot.
   *
   * @return the image
   * @throws UnsupportedFeatureException for a raw image, and for one whose data file is the disk
   *     byte for byte
   * @throws LimitExceededException when the name is too long, or the header cluster too small
   */
  public static Qcow2Image require(DiskImage image, @Nullable BackingName backing)
      throws IOException {
    if (!(image instanceof Qcow2Image qcow2)) {
      throw new UnsupportedFeatureException(
          image.path(), "Operation not supported", "backing file of a raw image");
    }
    if (backing != null) {
      if (qcow2.header().has(Feature.RAW_EXTERNAL_DATA)) {
        throw new UnsupportedFeatureException(
            image.path(), "Invalid argument", "backing file with a raw external data file");
      }
      if (backing.name().getBytes(StandardCharsets.UTF_8).length
          > FormatLimits.MAX_BACKING_NAME_BYTES) {
        throw new LimitExceededException(
            image.path(),
            "Invalid argument",
            "backing file name bytes",
            FormatLimits.MAX_BACKING_NAME_BYTES);
      }
    }
    HeaderRewrite.requirePossible(
        qcow2.imageFile(),
        qcow2.header(),
        HeaderDraft.of(qcow2.header())
            .backing(
                backing == null ? null : backing.name(), backing == null ? null : backing.format())
            .header());
    return qcow2;
  }
}
