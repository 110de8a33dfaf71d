package io.github.qcow4j.qcow2.rewrite;

import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import org.jspecify.annotations.Nullable;

/** What a rewritten image will be; refuses, before anything is done, what cannot be. */
final class RewrittenForm {

  private static final int VERSION_2_REFCOUNT_ORDER = 4;

  private static final String NEWER_VERSION =
      " only supported with compatibility level 1.1 and above (use version=v3 or greater)";

  private final Qcow2Image image;
  private final Qcow2Header header;
  private final AmendRequest others;
  private final int clusterBits;
  private final CompressionType compressionType;
  private final boolean extendedL2;
  private final int finalVersion;

  RewrittenForm(Qcow2Image image, RewriteRequest request) {
    this.image = image;
    this.header = image.header();
    this.others = request.others();
    this.clusterBits = orElse(request.clusterBits(), header.clusterBits());
    this.compressionType = orElse(request.compressionType(), header.compressionType());
    this.extendedL2 = orElse(request.extendedL2(), header.has(Feature.EXTENDED_L2));
    this.finalVersion = orElse(others.version(), header.version());
  }

  private static <T> T orElse(@Nullable T wanted, T otherwise) {
    return wanted == null ? otherwise : wanted;
  }

  /**
   * The new image, as it is filled: of the newer one of both versions, for the older one can say
   * less; and without names, which {@code ImageSpec} would want formats for.
   */
  ImageSpec spec() throws UnsupportedFeatureException {
    refuseWhatCannotBeCarried();
    refuseContradictions();
    int version = Math.max(header.version(), finalVersion);
    return new ImageSpec(
        header.virtualSize(),
        version,
        clusterBits,
        refcountOrder(),
        compressionType,
        extendedL2,
        version >= 3 && header.has(Feature.LAZY_REFCOUNTS),
        null,
        null,
        Preallocation.OFF,
        null);
  }

  private int refcountOrder() {
    return orElse(others.refcountOrder(), header.refcountOrder());
  }

  private void refuseWhatCannotBeCarried() throws UnsupportedFeatureException {
    refuseIf(
        !image.snapshots().isEmpty(),
        "An image with internal snapshots cannot be rewritten",
        "internal snapshots");
    refuseIf(
        header.has(Feature.EXTERNAL_DATA_FILE),
        "An image with an external data file cannot be rewritten",
        Feature.EXTERNAL_DATA_FILE.specificationName());
    if (finalVersion < 3) {
      return;
    }
    for (Bitmap bitmap : image.bitmaps()) {
      refuseIf(
          bitmap.inUse(),
          "Cannot copy inconsistent bitmap '" + bitmap.name() + "'",
          Feature.BITMAPS.specificationName());
      refuseIf(
          !Bitmap.isPossible(header.virtualSize(), bitmap.granularityBits(), 1 << clusterBits),
          "Bitmap '" + bitmap.name() + "' cannot be had with clusters of that size",
          Feature.BITMAPS.specificationName());
    }
  }

  private void refuseContradictions() throws UnsupportedFeatureException {
    refuseIf(
        extendedL2 && finalVersion < 3,
        "Extended L2 entries are" + NEWER_VERSION,
        Feature.EXTENDED_L2.specificationName());
    refuseIf(
        compressionType != CompressionType.ZLIB && finalVersion < 3,
        "Non-zlib compression type is" + NEWER_VERSION,
        Feature.COMPRESSION_TYPE.specificationName());
    refuseIf(
        finalVersion < 3 && refcountOrder() != VERSION_2_REFCOUNT_ORDER,
        "compat=0.10 requires refcount_bits=16",
        "refcount width");
    refuseIf(
        extendedL2 && clusterBits < FormatLimits.MIN_EXTENDED_L2_CLUSTER_BITS,
        "Extended L2 entries are only supported with cluster sizes of at least "
            + (1 << FormatLimits.MIN_EXTENDED_L2_CLUSTER_BITS)
            + " bytes",
        Feature.EXTENDED_L2.specificationName());
  }

  private void refuseIf(boolean condition, String message, String feature)
      throws UnsupportedFeatureException {
    if (condition) {
      throw new UnsupportedFeatureException(image.path(), message, feature);
    }
  }
}
