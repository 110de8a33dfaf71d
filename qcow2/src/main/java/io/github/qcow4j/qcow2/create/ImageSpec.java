package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import org.jspecify.annotations.Nullable;

/**
 * What a new image is to be.
 *
 * @param sizeBytes size of the virtual disk in bytes, a multiple of 512
 * @param version 2 or 3
 * @param clusterBits binary logarithm of the cluster size in bytes, 9 to 21
 * @param refcountOrder binary logarithm of the refcount width in bits, 0 to 6
 * @param compressionType how clusters are compressed
 * @param extendedL2 whether L2 entries have subclusters
 * @param lazyRefcounts whether others may postpone refcount updates
 * @param backingName the name of the backing file as it is to be stored, or null for none
 * @param backingFormat its format; never null with a name, for a format that is not stored is
 *     guessed
 * @param preallocation what of the disk has its place from the beginning; over a backing file, only
 *     with extended L2 entries
 * @param dataFile where guest data go, or null for into the image
 */
public record ImageSpec(
    long sizeBytes,
    int version,
    int clusterBits,
    int refcountOrder,
    CompressionType compressionType,
    boolean extendedL2,
    boolean lazyRefcounts,
    @Nullable String backingName,
    @Nullable String backingFormat,
    Preallocation preallocation,
    @Nullable DataFile dataFile) {

  /**
   * An external data file, created with the image.
   *
   * @param name its name as it is to be stored, relative to the working directory
   * @param raw whether it is to stay the guest's view byte for byte; needs preallocation, and no
   *     backing file
   */
  public record DataFile(String name, boolean raw) {}

  /** What {@code qemu-img create} makes without options: version 3, clusters of 64 KiB. */
  public static ImageSpec ofSize(long sizeBytes) {
    return new ImageSpec(sizeBytes, 3, 16, 4, CompressionType.ZLIB, false, false, null, null);
  }

  /** An image with nothing preallocated, whose data are in it. */
  public ImageSpec(
      long sizeBytes,
      int version,
      int clusterBits,
      int refcountOrder,
      CompressionType compressionType,
      boolean extendedL2,
      boolean lazyRefcounts,
      @Nullable String backingName,
      @Nullable String backingFormat) {
    this(
        sizeBytes,
        version,
        clusterBits,
        refcountOrder,
        compressionType,
        extendedL2,
        lazyRefcounts,
        backingName,
        backingFormat,
        Preallocation.OFF,
        null);
  }

  public ImageSpec {
    require(sizeBytes >= 0 && sizeBytes % FormatLimits.SECTOR_BYTES == 0, "sizeBytes", sizeBytes);
    require(version == 2 || version == 3, "version", version);
    require(
        clusterBits >= FormatLimits.MIN_CLUSTER_BITS
            && clusterBits <= FormatLimits.MAX_CLUSTER_BITS,
        "clusterBits",
        clusterBits);
    require(
        refcountOrder >= 0 && refcountOrder <= FormatLimits.MAX_REFCOUNT_ORDER,
        "refcountOrder",
        refcountOrder);
    require(
        version == 3 || (refcountOrder == 4 && !extendedL2 && !lazyRefcounts && dataFile == null),
        "version",
        version);
    require(version == 3 || compressionType == CompressionType.ZLIB, "version", version);
    require(
        !extendedL2 || clusterBits >= FormatLimits.MIN_EXTENDED_L2_CLUSTER_BITS,
        "clusterBits",
        clusterBits);
    require(backingName == null || backingFormat != null, "backingFormat", "null");
    require(
        preallocation == Preallocation.OFF || backingName == null || extendedL2,
        "preallocation",
        preallocation);
    require(
        dataFile == null
            || !dataFile.raw()
            || (backingName == null && preallocation != Preallocation.OFF),
        "dataFile",
        "raw");
  }

  private static void require(boolean condition, String what, Object value) {
    if (!condition) {
      throw new IllegalArgumentException(what + " cannot be " + value + " here");
    }
  }

  /** The same over a backing file. */
  public ImageSpec withBacking(String name, String format) {
    return new ImageSpec(
        sizeBytes,
        version,
        clusterBits,
        refcountOrder,
        compressionType,
        extendedL2,
        lazyRefcounts,
        name,
        format,
        preallocation,
        dataFile);
  }

  /** The same with another size of the disk, in bytes. */
  public ImageSpec withSize(long bytes) {
    return new ImageSpec(
        bytes,
        version,
        clusterBits,
        refcountOrder,
        compressionType,
        extendedL2,
        lazyRefcounts,
        backingName,
        backingFormat,
        preallocation,
        dataFile);
  }

  /** The same with its data in another file, or in the image with null, and places for them. */
  public ImageSpec withPlaces(Preallocation places, @Nullable DataFile file) {
    return new ImageSpec(
        sizeBytes,
        version,
        clusterBits,
        refcountOrder,
        compressionType,
        extendedL2,
        lazyRefcounts,
        backingName,
        backingFormat,
        places,
        file);
  }

  /** The header without tables. */
  public HeaderDraft draft() {
    HeaderDraft draft =
        HeaderDraft.fresh(version, clusterBits, refcountOrder, compressionType)
            .size(sizeBytes)
            .backing(backingName, backingFormat);
    if (version == 3) {
      draft =
          draft
              .feature(Feature.EXTENDED_L2, extendedL2)
              .feature(Feature.LAZY_REFCOUNTS, lazyRefcounts);
    }
    if (dataFile != null) {
      draft =
          draft
              .feature(Feature.EXTERNAL_DATA_FILE, true)
              .feature(Feature.RAW_EXTERNAL_DATA, dataFile.raw())
              .dataFileName(dataFile.name());
    }
    return draft;
  }

  /** The number of L1 entries that the disk needs. */
  public long l1Entries() {
    Qcow2Header header = draft().header();
    return header.l1EntriesFor(sizeBytes);
  }
}
