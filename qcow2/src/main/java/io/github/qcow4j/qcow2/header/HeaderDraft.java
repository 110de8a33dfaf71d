package io.github.qcow4j.qcow2.header;

import org.jspecify.annotations.Nullable;

/**
 * A header with some fields changed. Each method answers a new draft; {@link #header} ends it. For
 * building new headers, and for changing a few fields of an old one while all others are carried
 * over.
 */
public final class HeaderDraft {

  private final Qcow2Header header;

  private HeaderDraft(Qcow2Header header) {
    this.header = header;
  }

  /** A draft that begins as a copy of a header. */
  public static HeaderDraft of(Qcow2Header header) {
    return new HeaderDraft(header);
  }

  /**
   * A draft of a new image's header: no tables yet, no snapshots, no names.
   *
   * @param version 2 or 3
   * @param clusterBits binary logarithm of the cluster size
   * @param refcountOrder binary logarithm of the refcount width in bits
   * @param compressionType how clusters are compressed
   */
  public static HeaderDraft fresh(
      int version, int clusterBits, int refcountOrder, CompressionType compressionType) {
    long incompatible =
        compressionType == CompressionType.ZLIB ? 0 : Feature.COMPRESSION_TYPE.mask();
    return new HeaderDraft(
        new Qcow2Header(
            version,
            clusterBits,
            0,
            Qcow2Header.CRYPT_NONE,
            0,
            0,
            0,
            0,
            0,
            0,
            incompatible,
            0,
            0,
            refcountOrder,
            version == 2
                ? FormatLimits.VERSION_2_HEADER_BYTES
                : FormatLimits.VERSION_3_HEADER_BYTES,
            compressionType,
            0,
            null,
            HeaderExtensions.NONE,
            UnknownBytes.NONE));
  }

  /** The header as it is now. */
  public Qcow2Header header() {
    return header;
  }

  /** Another size of the disk, in bytes. */
  public HeaderDraft size(long sizeBytes) {
    return with(sizeBytes, header.l1Entries(), header.l1TableOffset());
  }

  /** Another active L1 table. */
  public HeaderDraft l1(int entries, long tableOffset) {
    return with(header.storedSize(), entries, tableOffset);
  }

  private HeaderDraft with(long size, int l1Entries, long l1Offset) {
    return copy(
        size,
        l1Entries,
        l1Offset,
        header.refcountTableOffset(),
        header.refcountTableClusters(),
        header.incompatibleFeatures(),
        header.compatibleFeatures(),
        header.autoclearFeatures(),
        header.backingFileName(),
        header.extensions());
  }

  /** Another refcount table. */
  public HeaderDraft refcountTable(long tableOffset, int clusters) {
    return copy(
        header.storedSize(),
        header.l1Entries(),
        header.l1TableOffset(),
        tableOffset,
        clusters,
        header.incompatibleFeatures(),
        header.compatibleFeatures(),
        header.autoclearFeatures(),
        header.backingFileName(),
        header.extensions());
  }

  /** With a feature bit set or cleared. */
  public HeaderDraft feature(Feature feature, boolean set) {
    return copy(
        header.storedSize(),
        header.l1Entries(),
        header.l1TableOffset(),
        header.refcountTableOffset(),
        header.refcountTableClusters(),
        word(header.incompatibleFeatures(), Feature.Group.INCOMPATIBLE, feature, set),
        word(header.compatibleFeatures(), Feature.Group.COMPATIBLE, feature, set),
        word(header.autoclearFeatures(), Feature.Group.AUTOCLEAR, feature, set),
        header.backingFileName(),
        header.extensions());
  }

  private static long word(long word, Feature.Group group, Feature feature, boolean set) {
    if (feature.group() != group) {
      return word;
    }
    return set ? word | feature.mask() : word & ~feature.mask();
  }

  /** Another backing file and its format, or none with null. */
  public HeaderDraft backing(@Nullable String name, @Nullable String format) {
    HeaderExtensions old = header.extensions();
    HeaderExtensions extensions =
        new HeaderExtensions(
            format,
            old.dataFileName(),
            old.featureNames(),
            old.bitmaps(),
            old.encryptionHeader(),
            old.unknown());
    return names(name, extensions);
  }

  /** Another stored name of the data file. */
  public HeaderDraft dataFileName(@Nullable String name) {
    HeaderExtensions old = header.extensions();
    HeaderExtensions extensions =
        new HeaderExtensions(
            old.backingFormat(),
            name,
            old.featureNames(),
            old.bitmaps(),
            old.encryptionHeader(),
            old.unknown());
    return names(header.backingFileName(), extensions);
  }

  private HeaderDraft names(@Nullable String backingName, HeaderExtensions extensions) {
    return copy(
        header.storedSize(),
        header.l1Entries(),
        header.l1TableOffset(),
        header.refcountTableOffset(),
        header.refcountTableClusters(),
        header.incompatibleFeatures(),
        header.compatibleFeatures(),
        header.autoclearFeatures(),
        backingName,
        extensions);
  }

  private HeaderDraft copy(
      long size,
      int l1Entries,
      long l1Offset,
      long refcountOffset,
      int refcountClusters,
      long incompatible,
      long compatible,
      long autoclear,
      @Nullable String backingName,
      HeaderExtensions extensions) {
    return new HeaderDraft(
        new Qcow2Header(
            header.version(),
            header.clusterBits(),
            size,
            header.cryptMethod(),
            l1Entries,
            l1Offset,
            refcountOffset,
            refcountClusters,
            header.snapshotCount(),
            header.snapshotsOffset(),
            incompatible,
            compatible,
            autoclear,
            header.refcountOrder(),
            header.headerLength(),
            header.compressionType(),
            header.backingFileOffset(),
            backingName,
            extensions,
            header.unknownTail()));
  }
}
