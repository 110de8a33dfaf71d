package io.github.qcow4j.qcow2.header;

import static io.github.qcow4j.qcow2.header.FormatLimits.MAX_L1_BYTES;

import org.jspecify.annotations.Nullable;

/**
 * The header of a qcow2 image, as it stands in the file and already checked (qcow2 specification,
 * "Header").
 *
 * @param version 2 or 3
 * @param clusterBits binary logarithm of the cluster size in bytes, 9 to 21
 * @param storedSize the size field in bytes; see {@link #virtualSize()}
 * @param cryptMethod 0 none, 1 AES, 2 LUKS
 * @param l1Entries number of entries of the active L1 table
 * @param l1TableOffset host offset of the active L1 table
 * @param refcountTableOffset host offset of the refcount table
 * @param refcountTableClusters length of the refcount table in clusters
 * @param snapshotCount number of internal snapshots
 * @param snapshotsOffset host offset of the snapshot table
 * @param incompatibleFeatures feature bits; 0 in version 2
 * @param compatibleFeatures feature bits; 0 in version 2
 * @param autoclearFeatures feature bits; 0 in version 2
 * @param refcountOrder binary logarithm of the refcount width in bits, 0 to 6; 4 in version 2
 * @param headerLength length in bytes; 72 in version 2
 * @param compressionType how clusters are compressed
 * @param backingFileOffset host offset of the backing file name, 0 for none
 * @param backingFileName the name as it stands in the file, or null for none
 * @param extensions the header extensions
 * @param unknownTail the header's bytes beyond those the specification names, to be carried over
 */
public record Qcow2Header(
    int version,
    int clusterBits,
    long storedSize,
    int cryptMethod,
    int l1Entries,
    long l1TableOffset,
    long refcountTableOffset,
    int refcountTableClusters,
    int snapshotCount,
    long snapshotsOffset,
    long incompatibleFeatures,
    long compatibleFeatures,
    long autoclearFeatures,
    int refcountOrder,
    int headerLength,
    CompressionType compressionType,
    long backingFileOffset,
    @Nullable String backingFileName,
    HeaderExtensions extensions,
    UnknownBytes unknownTail) {

  /** The value of {@link #cryptMethod} for none. */
  public static final int CRYPT_NONE = 0;

  /** The value of {@link #cryptMethod} for legacy AES. */
  public static final int CRYPT_AES = 1;

  /** The value of {@link #cryptMethod} for LUKS. */
  public static final int CRYPT_LUKS = 2;

  /** The cluster size in bytes. */
  public int clusterSize() {
    return 1 << clusterBits;
  }

  /** The size of the virtual disk in bytes: the stored size, rounded down to whole sectors. */
  public long virtualSize() {
    return storedSize & -FormatLimits.SECTOR_BYTES;
  }

  /** Whether the feature's bit is set. */
  public boolean has(Feature feature) {
    long word =
        switch (feature.group()) {
          case INCOMPATIBLE -> incompatibleFeatures;
          case COMPATIBLE -> compatibleFeatures;
          case AUTOCLEAR -> autoclearFeatures;
        };
    return (word & feature.mask()) != 0;
  }

  /** The refcount width in bits: 1, 2, 4, 8, 16, 32 or 64. */
  public int refcountBits() {
    return 1 << refcountOrder;
  }

  /** The number of entries of one L2 table. */
  public int l2Entries() {
    return clusterSize() / l2EntryBytes();
  }

  /** The length of one L2 entry in bytes: 8, or 16 with extended L2 entries. */
  public int l2EntryBytes() {
    return has(Feature.EXTENDED_L2) ? 16 : 8;
  }

  /** Binary logarithm of the guest bytes that one L2 table maps. */
  public int l2CoverageBits() {
    return clusterBits + Integer.numberOfTrailingZeros(l2Entries());
  }

  /** The number of L1 entries that a disk of {@code sizeBytes} needs. */
  public long l1EntriesFor(long sizeBytes) {
    long coverage = 1L << l2CoverageBits();
    return sizeBytes / coverage + (sizeBytes % coverage == 0 ? 0 : 1);
  }

  /** The largest number of L1 entries that the format allows. */
  public static int maxL1Entries() {
    return (int) (MAX_L1_BYTES / Long.BYTES);
  }

  /** The same with another number of snapshots. */
  public Qcow2Header withSnapshotCount(int count) {
    return new Qcow2Header(
        version,
        clusterBits,
        storedSize,
        cryptMethod,
        l1Entries,
        l1TableOffset,
        refcountTableOffset,
        refcountTableClusters,
        count,
        snapshotsOffset,
        incompatibleFeatures,
        compatibleFeatures,
        autoclearFeatures,
        refcountOrder,
        headerLength,
        compressionType,
        backingFileOffset,
        backingFileName,
        extensions,
        unknownTail);
  }
}
