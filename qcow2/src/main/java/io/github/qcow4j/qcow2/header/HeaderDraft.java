package io.github.qcow4j.qcow2.header;

import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderExtensions.UnknownExtension;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A header in the making: begun as a new one or as a copy of an old one, changed field by field,
 * while all else is carried over. Each method answers the draft itself; {@link #header} ends it.
 */
public final class HeaderDraft {

  private final Qcow2Header origin;
  private int version;
  private long sizeBytes;
  private int l1Entries;
  private long l1TableOffset;
  private long refcountTableOffset;
  private int refcountTableClusters;
  private int snapshotCount;
  private long snapshotsOffset;
  private long incompatibleFeatures;
  private long compatibleFeatures;
  private long autoclearFeatures;
  private int refcountOrder;
  private CompressionType compressionType;
  private @Nullable String backingName;
  private @Nullable String backingFormat;
  private @Nullable String dataFileName;
  private @Nullable BitmapsExtension bitmaps;
  private UnknownBytes unknownTail;
  private List<UnknownExtension> unknownExtensions;

  private HeaderDraft(Qcow2Header header) {
    this.origin = header;
    this.version = header.version();
    this.sizeBytes = header.storedSize();
    this.l1Entries = header.l1Entries();
    this.l1TableOffset = header.l1TableOffset();
    this.refcountTableOffset = header.refcountTableOffset();
    this.refcountTableClusters = header.refcountTableClusters();
    this.snapshotCount = header.snapshotCount();
    this.snapshotsOffset = header.snapshotsOffset();
    this.incompatibleFeatures = header.incompatibleFeatures();
    this.compatibleFeatures = header.compatibleFeatures();
    this.autoclearFeatures = UnknownAutoclear.without(header.autoclearFeatures());
    this.refcountOrder = header.refcountOrder();
    this.compressionType = header.compressionType();
    this.backingName = header.backingFileName();
    this.backingFormat = header.extensions().backingFormat();
    this.dataFileName = header.extensions().dataFileName();
    this.bitmaps = header.extensions().bitmaps();
    this.unknownTail = header.unknownTail();
    this.unknownExtensions = header.extensions().unknown();
  }

  /**
   * A draft that begins as a copy of a header, but for autoclear features that nobody here knows.
   */
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
            lengthOf(version),
            compressionType,
            0,
            null,
            HeaderExtensions.NONE,
            UnknownBytes.NONE));
  }

  private static int lengthOf(int version) {
    return version == 2 ? FormatLimits.VERSION_2_HEADER_BYTES : FormatLimits.VERSION_3_HEADER_BYTES;
  }

  /** The header as it is now. */
  public Qcow2Header header() {
    HeaderExtensions carried = origin.extensions();
    return new Qcow2Header(
        version,
        origin.clusterBits(),
        sizeBytes,
        origin.cryptMethod(),
        l1Entries,
        l1TableOffset,
        refcountTableOffset,
        refcountTableClusters,
        snapshotCount,
        snapshotsOffset,
        incompatibleFeatures,
        compatibleFeatures,
        autoclearFeatures,
        refcountOrder,
        version == origin.version() ? origin.headerLength() : lengthOf(version),
        compressionType,
        origin.backingFileOffset(),
        backingName,
        new HeaderExtensions(
            backingFormat,
            dataFileName,
            carried.featureNames(),
            bitmaps,
            carried.encryptionHeader(),
            unknownExtensions),
        unknownTail);
  }

  /**
   * Another version. Version 2 has no feature bits, no header bytes behind its fields, refcounts of
   * 16 bits, and zlib; that nothing is lost by this is the caller's to know.
   */
  public HeaderDraft version(int wanted) {
    version = wanted;
    if (wanted == 2) {
      incompatibleFeatures = 0;
      compatibleFeatures = 0;
      autoclearFeatures = 0;
      refcountOrder = 4;
      compressionType = CompressionType.ZLIB;
      bitmaps = null;
      unknownTail = UnknownBytes.NONE;
    }
    return this;
  }

  /** Another size of the disk, in bytes. */
  public HeaderDraft size(long bytes) {
    sizeBytes = bytes;
    return this;
  }

  /** Another active L1 table. */
  public HeaderDraft l1(int entries, long tableOffset) {
    l1Entries = entries;
    l1TableOffset = tableOffset;
    return this;
  }

  /** Another refcount table. */
  public HeaderDraft refcountTable(long tableOffset, int clusters) {
    refcountTableOffset = tableOffset;
    refcountTableClusters = clusters;
    return this;
  }

  /** Another width of refcounts: its binary logarithm, in bits. */
  public HeaderDraft refcountOrder(int order) {
    refcountOrder = order;
    return this;
  }

  /** Another snapshot table. */
  public HeaderDraft snapshots(int count, long tableOffset) {
    snapshotCount = count;
    snapshotsOffset = tableOffset;
    return this;
  }

  /** With a feature bit set or cleared. */
  public HeaderDraft feature(Feature feature, boolean set) {
    switch (feature.group()) {
      case INCOMPATIBLE -> incompatibleFeatures = word(incompatibleFeatures, feature, set);
      case COMPATIBLE -> compatibleFeatures = word(compatibleFeatures, feature, set);
      case AUTOCLEAR -> autoclearFeatures = word(autoclearFeatures, feature, set);
    }
    return this;
  }

  private static long word(long word, Feature feature, boolean set) {
    return set ? word | feature.mask() : word & ~feature.mask();
  }

  /** Another backing file and its format, or none with null. */
  public HeaderDraft backing(@Nullable String name, @Nullable String format) {
    backingName = name;
    backingFormat = format;
    return this;
  }

  /** Another stored name of the data file. */
  public HeaderDraft dataFileName(@Nullable String name) {
    dataFileName = name;
    return this;
  }

  /**
   * With all that another header has and nobody here understands: extensions, fields behind the
   * known ones, compatible features. Fields that version 2 has no place for are left out there.
   */
  public HeaderDraft carryingUnknown(Qcow2Header other) {
    unknownExtensions = other.extensions().unknown();
    if (version >= 3) {
      unknownTail = other.unknownTail();
      compatibleFeatures |=
          other.compatibleFeatures() & ~Feature.knownMask(Feature.Group.COMPATIBLE);
    }
    return this;
  }

  /** Another bitmap directory, which is trusted from then on, or none with null. */
  public HeaderDraft bitmaps(@Nullable BitmapsExtension directory) {
    bitmaps = directory;
    return feature(Feature.BITMAPS, directory != null);
  }
}
