package io.github.qcow4j.qcow2.cluster;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Source;
import io.github.qcow4j.qcow2.table.L2Table;
import java.io.IOException;

/**
 * Maps guest offsets through one L1 table, of the disk or of an internal snapshot (qcow2
 * specification, "Cluster mapping").
 *
 * <p>Answers cover as long a run as one L2 table shows, and any number of missing L2 tables, so
 * that empty disks cost nothing. Safe for many threads while nobody writes to the image.
 */
public final class ClusterMap {

  private final BlockFile file;
  private final Qcow2Header header;
  private final L1Table l1;
  private final L2Source tables;
  private final int clusterBits;
  private final int clusterSize;
  private final int coverageBits;
  private final boolean extended;
  private final boolean externalData;
  private final HostEnd hostEnd;
  private volatile long knownHostEnd;

  /** How far host offsets may reach. */
  @FunctionalInterface
  public interface HostEnd {

    /** The end of the file in bytes, or of what was handed out and is not written yet. */
    long bytes() throws IOException;
  }

  /**
   * @param file the image
   * @param header its header
   * @param l1 the table to go through
   * @param tables where L2 tables come from
   * @param hostEnd how far host offsets may reach; may grow
   */
  public ClusterMap(
      BlockFile file, Qcow2Header header, L1Table l1, L2Source tables, HostEnd hostEnd)
      throws IOException {
    this.file = file;
    this.header = header;
    this.l1 = l1;
    this.tables = tables;
    this.clusterBits = header.clusterBits();
    this.clusterSize = header.clusterSize();
    this.coverageBits = header.l2CoverageBits();
    this.extended = header.has(Feature.EXTENDED_L2);
    this.externalData = header.has(Feature.EXTERNAL_DATA_FILE);
    this.hostEnd = hostEnd;
    this.knownHostEnd = hostEnd.bytes();
  }

  /** The L1 table this map goes through. */
  public L1Table l1Table() {
    return l1;
  }

  /**
   * What stands at a guest offset.
   *
   * @param guestOffset where, in bytes, {@code >= 0}
   * @param maxBytes how many bytes matter at most, {@code >= 1}
   * @throws CorruptImageException when an entry on the way contradicts the format
   */
  public Mapping map(long guestOffset, long maxBytes) throws IOException {
    long l1Index = guestOffset >>> coverageBits;
    long l2Offset = l1.l2Offset(l1Index);
    if (l2Offset == 0) {
      return new Mapping.Unallocated(missingTables(l1Index, guestOffset, maxBytes), -1);
    }
    L2Table table = table(l1Index, l2Offset);
    long inTable = (1L << coverageBits) - (guestOffset & ((1L << coverageBits) - 1));
    long limit = Math.min(maxBytes, inTable);
    L2Walk walk = new L2Walk(this, table, l2Offset, guestOffset, limit);
    return extended ? walk.subclusters() : walk.clusters();
  }

  private long missingTables(long l1Index, long guestOffset, long maxBytes) {
    if (l1Index >= l1.size()) {
      return maxBytes;
    }
    long last = (guestOffset + maxBytes - 1) >>> coverageBits;
    int end = l1.endOfGap((int) l1Index, (int) Math.min(l1.size(), last + 1));
    return end == l1.size()
        ? maxBytes
        : Math.min(maxBytes, ((long) end << coverageBits) - guestOffset);
  }

  private L2Table table(long l1Index, long l2Offset) throws IOException {
    if ((l2Offset & (clusterSize - 1)) != 0) {
      throw corrupt(
          "L2 table offset 0x"
              + Long.toHexString(l2Offset)
              + " unaligned (L1 index: 0x"
              + Long.toHexString(l1Index)
              + ")",
          "L1 table",
          l1.hostOffset() + l1Index * Long.BYTES);
    }
    requireInFile(l2Offset, "L2 table", l1.hostOffset() + l1Index * Long.BYTES);
    return tables.get(file, l2Offset, clusterSize, extended);
  }

  /**
   * A reference must begin inside the file; the file may have grown since this was last looked at.
   */
  void requireInFile(long hostOffset, String what, long entryOffset) throws IOException {
    if (hostOffset < knownHostEnd) {
      return;
    }
    knownHostEnd = hostEnd.bytes();
    if (hostOffset >= knownHostEnd) {
      throw corrupt(
          what
              + " at offset 0x"
              + Long.toHexString(hostOffset)
              + " lies past the end of the file ("
              + knownHostEnd
              + " bytes)",
          what,
          entryOffset);
    }
  }

  /**
   * The end of the last cluster that begins inside the file, or {@code end} if that comes first.
   */
  long endOfClustersInFile(long end) throws IOException {
    if (end > knownHostEnd) {
      knownHostEnd = hostEnd.bytes();
    }
    long wholeClusters = (knownHostEnd + clusterSize - 1) & -clusterSize;
    return Math.min(end, wholeClusters);
  }

  CorruptImageException corrupt(String message, String structure, long hostOffset) {
    return new CorruptImageException(file.path(), message, structure, hostOffset);
  }

  int clusterBits() {
    return clusterBits;
  }

  int clusterSize() {
    return clusterSize;
  }

  boolean externalData() {
    return externalData;
  }

  boolean extended() {
    return extended;
  }

  int version() {
    return header.version();
  }

  int entryBytes() {
    return header.l2EntryBytes();
  }
}
