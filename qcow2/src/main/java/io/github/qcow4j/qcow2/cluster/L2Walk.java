package io.github.qcow4j.qcow2.cluster;

import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import java.io.IOException;

/**
 * One walk along an L2 table: from a guest offset over all following clusters, or subclusters, of
 * the same kind. Used once, by one thread.
 *
 * <p>A damaged entry further on ends the run, so that what stands before it can still be read.
 */
final class L2Walk {

  private enum Kind {
    UNALLOCATED,
    /** A subcluster without data in a cluster that has a place. */
    UNALLOCATED_RESERVED,
    ZERO_PLAIN,
    ZERO_RESERVED,
    DATA,
    /** Contradicts the format. It ends a run; only a walk that begins at one fails. */
    INVALID
  }

  private final ClusterMap map;
  private final L2Table table;
  private final long tableOffset;
  private final long guestOffset;
  private final long limitBytes;
  private final int clusterBits;
  private final int firstIndex;
  private final int offsetInCluster;

  L2Walk(ClusterMap map, L2Table table, long tableOffset, long guestOffset, long limitBytes) {
    this.map = map;
    this.table = table;
    this.tableOffset = tableOffset;
    this.guestOffset = guestOffset;
    this.limitBytes = limitBytes;
    this.clusterBits = map.clusterBits();
    this.firstIndex = (int) ((guestOffset >>> clusterBits) & (table.size() - 1));
    this.offsetInCluster = (int) (guestOffset & (map.clusterSize() - 1));
  }

  /** The run of whole clusters that begins here; entries of 64 bits. */
  Mapping clusters() throws IOException {
    long entry = table.entry(firstIndex);
    if (L2Entry.isCompressed(entry)) {
      return compressed(entry);
    }
    Kind kind = kindOf(firstIndex, entry);
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    int even = evenRun(kind, entry);
    long length = ((long) even << clusterBits) - offsetInCluster;
    for (int index = firstIndex + even; length < limitBytes && index < table.size(); index++) {
      if (!continues(index, kind, hostOffset) || kindOf(index, table.entry(index)) != kind) {
        break;
      }
      length += map.clusterSize();
    }
    return mapping(kind, Math.min(length, limitBytes), hostOffset);
  }

  /**
   * How many entries from the first one on, as far as they matter, differ by their places alone,
   * and stand one behind the other where they have any: of these all the same holds. Long runs are
   * compared in large pieces, which takes a twentieth of looking at each entry.
   */
  private int evenRun(Kind kind, long entry) {
    int most = (int) Math.min(limitBytes >>> clusterBits, table.size() - firstIndex);
    long step = isPlaced(kind) ? map.clusterSize() : 0;
    boolean leavesField = (entry & L2Entry.OFFSET_MASK) + most * step > L2Entry.OFFSET_MASK;
    return leavesField ? 1 : Math.max(1, table.evenRun(firstIndex, most, step));
  }

  /** The run of subclusters that begins here; entries of 128 bits. */
  Mapping subclusters() throws IOException {
    long entry = table.entry(firstIndex);
    if (L2Entry.isCompressed(entry)) {
      return compressed(entry);
    }
    int subclusterBits = clusterBits - 5;
    int subcluster = offsetInCluster >>> subclusterBits;
    Kind kind = kindOfSubcluster(firstIndex, entry, subcluster);
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    long length = (1L << subclusterBits) - (offsetInCluster & ((1 << subclusterBits) - 1));
    int index = firstIndex;
    while (length < limitBytes) {
      subcluster++;
      if (subcluster == L2Entry.SUBCLUSTERS) {
        subcluster = 0;
        index++;
        if (index == table.size() || !continues(index, kind, hostOffset)) {
          break;
        }
        entry = table.entry(index);
      }
      if (kindOfSubcluster(index, entry, subcluster) != kind) {
        break;
      }
      length += 1L << subclusterBits;
    }
    return mapping(kind, Math.min(length, limitBytes), hostOffset);
  }

  private boolean continues(int index, Kind kind, long hostOffset) {
    long next = table.entry(index);
    long expected = hostOffset + ((long) (index - firstIndex) << clusterBits);
    return !L2Entry.isCompressed(next)
        && (!isPlaced(kind) || (next & L2Entry.OFFSET_MASK) == expected);
  }

  private static boolean isPlaced(Kind kind) {
    return kind != Kind.UNALLOCATED && kind != Kind.ZERO_PLAIN;
  }

  private Mapping mapping(Kind kind, long length, long clusterHostOffset) throws IOException {
    return switch (kind) {
      case UNALLOCATED -> new Mapping.Unallocated(length, -1);
      case UNALLOCATED_RESERVED ->
          new Mapping.Unallocated(length, clusterHostOffset + offsetInCluster);
      case ZERO_PLAIN -> new Mapping.Zero(length, -1);
      case ZERO_RESERVED -> new Mapping.Zero(length, clusterHostOffset + offsetInCluster);
      case DATA -> data(length, clusterHostOffset);
      case INVALID -> throw explain();
    };
  }

  private Mapping data(long length, long clusterHostOffset) throws IOException {
    long hostOffset = clusterHostOffset + offsetInCluster;
    if (map.externalData()) {
      return new Mapping.Data(length, hostOffset);
    }
    map.requireInFile(clusterHostOffset, "Data cluster", entryOffset());
    long clustersEnd = map.endOfClustersInFile(hostOffset + length);
    return new Mapping.Data(Math.min(length, clustersEnd - hostOffset), hostOffset);
  }

  private Mapping compressed(long entry) throws IOException {
    if (map.externalData()) {
      throw corruptEntry("Compressed cluster entry in an image with a data file");
    }
    if (map.extended() && table.subclusterBitmap(firstIndex) != 0) {
      throw corruptEntry("Compressed cluster entry with a subcluster bitmap that is not zero");
    }
    long hostOffset = L2Entry.compressedOffset(entry, clusterBits);
    map.requireInFile(hostOffset, "Compressed cluster", entryOffset());
    long length = Math.min(limitBytes, map.clusterSize() - offsetInCluster);
    return new Mapping.Compressed(
        length, offsetInCluster, hostOffset, L2Entry.compressedMaxBytes(entry, clusterBits));
  }

  private Kind kindOf(int index, long entry) {
    boolean zero = (entry & L2Entry.ZERO) != 0;
    if (isUnaligned(entry) || (zero && map.version() < 3)) {
      return Kind.INVALID;
    }
    return kind(index, entry, !zero && hasHostOffset(entry), zero);
  }

  private Kind kindOfSubcluster(int index, long entry, int subcluster) {
    long bitmap = table.subclusterBitmap(index);
    int bit = 1 << subcluster;
    boolean allocated = (L2Entry.allocatedSubclusters(bitmap) & bit) != 0;
    boolean zero = (L2Entry.zeroSubclusters(bitmap) & bit) != 0;
    if (isUnaligned(entry) || (allocated && (zero || !hasHostOffset(entry)))) {
      return Kind.INVALID;
    }
    return kind(index, entry, allocated, zero);
  }

  private Kind kind(int index, long entry, boolean allocated, boolean zero) {
    if (zero) {
      return hasHostOffset(entry) ? Kind.ZERO_RESERVED : Kind.ZERO_PLAIN;
    }
    if (!allocated) {
      return hasHostOffset(entry) ? Kind.UNALLOCATED_RESERVED : Kind.UNALLOCATED;
    }
    return isMisplacedInDataFile(index, entry) ? Kind.INVALID : Kind.DATA;
  }

  private boolean isUnaligned(long entry) {
    return (entry & L2Entry.OFFSET_MASK & (map.clusterSize() - 1)) != 0;
  }

  /**
   * With a data file, offset 0 is a place like any other, and the copied flag tells it from none.
   */
  private boolean hasHostOffset(long entry) {
    return (entry & L2Entry.OFFSET_MASK) != 0
        || (map.externalData() && (entry & L2Entry.COPIED) != 0);
  }

  /** Guest data stands in the data file at its guest offset. */
  private boolean isMisplacedInDataFile(int index, long entry) {
    return map.externalData() && (entry & L2Entry.OFFSET_MASK) != guestClusterStart(index);
  }

  private long guestClusterStart(int index) {
    return (guestOffset & -map.clusterSize()) + ((long) (index - firstIndex) << clusterBits);
  }

  /** What is wrong with the entry that the walk begins at, which is known to be invalid. */
  private IOException explain() {
    long entry = table.entry(firstIndex);
    String hostOffset = "0x" + Long.toHexString(entry & L2Entry.OFFSET_MASK);
    if (isUnaligned(entry)) {
      return corruptEntry("Cluster allocation offset " + hostOffset + " unaligned");
    }
    if (map.version() < 3) {
      return corruptEntry("Zero cluster entry in an image of version 2");
    }
    if (map.extended() && hasHostOffset(entry) && !isMisplacedInDataFile(firstIndex, entry)) {
      return corruptEntry("Subcluster both allocated and zero");
    }
    if (map.extended() && !hasHostOffset(entry)) {
      return corruptEntry("Subcluster allocated in a cluster without host offset");
    }
    return corruptEntry(
        "External data file host cluster offset "
            + hostOffset
            + " does not match guest cluster offset: 0x"
            + Long.toHexString(guestClusterStart(firstIndex)));
  }

  private IOException corruptEntry(String message) {
    return map.corrupt(
        message
            + " (L2 offset: 0x"
            + Long.toHexString(tableOffset)
            + ", L2 index: 0x"
            + Integer.toHexString(firstIndex)
            + ")",
        "L2 table",
        entryOffset());
  }

  private long entryOffset() {
    return tableOffset + (long) firstIndex * map.entryBytes();
  }
}
