package io.github.qcow4j.qcow2.testing;

/**
 * A compressed cluster's L2 entry, taken apart (qcow2 specification, "Compressed Clusters
 * Descriptor").
 *
 * @param hostOffset first byte of the stream
 * @param sectors 512-byte sectors that the stream touches, the first one included
 */
public record CompressedEntry(long hostOffset, int sectors) {

  private static final int SECTOR_BYTES = 512;

  /** The descriptor of a stream of {@code lengthBytes} bytes at {@code hostOffset}. */
  public static CompressedEntry of(long hostOffset, long lengthBytes) {
    long lastSector = (hostOffset + lengthBytes - 1) / SECTOR_BYTES;
    return new CompressedEntry(
        hostOffset, Math.toIntExact(lastSector - hostOffset / SECTOR_BYTES + 1));
  }

  static CompressedEntry decode(long entry, int clusterBits) {
    int offsetBits = 62 - (clusterBits - 8);
    long hostOffset = entry & ((1L << offsetBits) - 1);
    long more = entry >>> offsetBits & ((1L << (clusterBits - 8)) - 1);
    return new CompressedEntry(hostOffset, Math.toIntExact(more + 1));
  }

  /** The L2 entry for an image of the cluster size given. */
  public long encode(int clusterBits) {
    return 1L << 62 | (long) (sectors - 1) << (62 - (clusterBits - 8)) | hostOffset;
  }

  /** Upper bound of the stream's length: the end of its last sector. */
  public long maxLengthBytes() {
    return (long) sectors * SECTOR_BYTES - hostOffset % SECTOR_BYTES;
  }
}
