package io.github.qcow4j.qcow2.table;

/**
 * The bits of L1 and L2 table entries (qcow2 specification, "Cluster mapping" and "Extended L2
 * Entries"). All methods are pure arithmetic on one 64-bit entry.
 */
public final class L2Entry {

  private L2Entry() {}

  /** Bits 9 to 55 of L1 and standard L2 entries: a host offset. */
  public static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;

  /** Bit 63: the refcount of what the entry points to is exactly one. */
  public static final long COPIED = 1L << 63;

  /** Bit 62 of an L2 entry: the cluster is compressed. */
  public static final long COMPRESSED = 1L << 62;

  /** Bit 0 of a standard L2 entry of version 3 without extended L2: the cluster reads as zeros. */
  public static final long ZERO = 1L;

  /** Bits of an L1 entry that must be zero. */
  public static final long L1_RESERVED = 0x7F00_0000_0000_01FFL;

  /** Bits of a standard L2 entry that must be zero, whatever the version. */
  public static final long L2_STANDARD_RESERVED = 0x3F00_0000_0000_01FEL;

  /** The number of subclusters of a cluster with extended L2 entries. */
  public static final int SUBCLUSTERS = 32;

  /** Whether the entry describes a compressed cluster. */
  public static boolean isCompressed(long entry) {
    return (entry & COMPRESSED) != 0;
  }

  /** The host byte offset of a compressed cluster's data; it has no alignment. */
  public static long compressedOffset(long entry, int clusterBits) {
    long offset = entry & ((1L << compressedSizeShift(clusterBits)) - 1);
    return offset & ((1L << 56) - 1);
  }

  /**
   * The number of bytes from {@link #compressedOffset} to the end of the last sector that the entry
   * names: an upper bound of the stream's length, at most twice the cluster size.
   */
  public static int compressedMaxBytes(long entry, int clusterBits) {
    long mask = (1L << (clusterBits - 8)) - 1;
    int sectors = (int) ((entry >>> compressedSizeShift(clusterBits)) & mask) + 1;
    return sectors * 512 - (int) (compressedOffset(entry, clusterBits) & 511);
  }

  /**
   * The entry of a compressed cluster.
   *
   * @param hostOffset where its data begin
   * @param bytes how many bytes they have, at least 1
   */
  public static long compressedEntry(long hostOffset, int bytes, int clusterBits) {
    long moreSectors = (hostOffset + bytes - 1) / 512 - hostOffset / 512;
    return COMPRESSED | (moreSectors << compressedSizeShift(clusterBits)) | hostOffset;
  }

  private static int compressedSizeShift(int clusterBits) {
    return 62 - (clusterBits - 8);
  }

  /** The subclusters that hold data, bit i for subcluster i. */
  public static int allocatedSubclusters(long bitmap) {
    return (int) bitmap;
  }

  /** The subclusters that read as zeros, bit i for subcluster i. */
  public static int zeroSubclusters(long bitmap) {
    return (int) (bitmap >>> 32);
  }
}
