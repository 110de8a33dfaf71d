package io.github.qcow4j.qcow2.convert;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What each cluster of an image that is about to be streamed will be: nothing, zeros, plain data,
 * or a compressed stream of known length. Marking is safe for many threads; asking is for when all
 * is marked.
 */
final class ClusterPlan {

  /** A cluster that is not stored. */
  static final int NOTHING = 0;

  /** A cluster stored as it is. */
  static final int PLAIN = -1;

  /** A cluster that is said to be zeros. */
  static final int ZERO = -2;

  private final int clusterBits;
  private final int tableBits;
  private final long clusters;
  private final int[] allPlain;

  /** By L1 index; a positive number is the length of a compressed stream. */
  @GuardedBy("this")
  private final int[] @Nullable [] tables;

  @GuardedBy("this")
  private long plainClusters;

  @GuardedBy("this")
  private long packedClusters;

  /**
   * @param sizeBytes size of the disk
   * @param clusterBits binary logarithm of the cluster size
   * @param tableEntries clusters that an L2 table describes, a power of two
   */
  ClusterPlan(long sizeBytes, int clusterBits, int tableEntries) {
    this.clusterBits = clusterBits;
    this.tableBits = Integer.numberOfTrailingZeros(tableEntries);
    this.clusters = (sizeBytes + (1L << clusterBits) - 1) >>> clusterBits;
    this.tables = new int[(int) ((clusters + tableEntries - 1) >>> tableBits)][];
    this.allPlain = new int[tableEntries];
    Arrays.fill(allPlain, PLAIN);
  }

  int tableEntries() {
    return 1 << tableBits;
  }

  /** The number of L2 tables that the disk has room for. */
  synchronized int tableCount() {
    return tables.length;
  }

  /** The states of a table's clusters, or null when it has none; not to be changed. */
  synchronized int @Nullable [] table(int index) {
    return tables[index];
  }

  synchronized long plainClusters() {
    return plainClusters;
  }

  /** How many clusters are stored compressed. */
  synchronized long packedClusters() {
    return packedClusters;
  }

  /**
   * Marks whole clusters, none of which is marked yet.
   *
   * @param offset the first one's beginning
   * @param lengthBytes their length; the disk's last cluster may be cut short
   * @param state {@link #PLAIN} or {@link #ZERO}
   */
  synchronized void mark(long offset, long lengthBytes, int state) {
    long cluster = offset >>> clusterBits;
    long end = (offset + lengthBytes + (1L << clusterBits) - 1) >>> clusterBits;
    if (state == PLAIN) {
      plainClusters += end - cluster;
    }
    while (cluster < end) {
      int index = (int) (cluster >>> tableBits);
      long tableEnd = Math.min(end, (index + 1L) << tableBits);
      int from = (int) (cluster - ((long) index << tableBits));
      int to = (int) (tableEnd - ((long) index << tableBits));
      if (state == PLAIN && to - from == allPlain.length) {
        tables[index] = allPlain;
      } else {
        Arrays.fill(own(index), from, to, state);
      }
      cluster = tableEnd;
    }
  }

  /** Marks a cluster as one of a compressed stream so long. */
  synchronized void markPacked(long offset, int streamBytes) {
    long cluster = offset >>> clusterBits;
    int index = (int) (cluster >>> tableBits);
    own(index)[(int) (cluster - ((long) index << tableBits))] = streamBytes;
    packedClusters++;
  }

  @GuardedBy("this")
  private int[] own(int index) {
    int[] table = tables[index];
    if (table == null) {
      table = new int[allPlain.length];
      tables[index] = table;
    }
    return table;
  }

  /** What a cluster will be. */
  synchronized int state(long cluster) {
    int[] table = tables[(int) (cluster >>> tableBits)];
    return table == null ? NOTHING : table[(int) (cluster & (allPlain.length - 1))];
  }

  /**
   * The first cluster from one on that is, or is not, to be stored in one way.
   *
   * @param cluster where to begin
   * @param packed whether compressed clusters are meant, or plain ones
   * @param wanted whether such a one is looked for, or another
   * @return the cluster, or the number of clusters when there is none
   */
  synchronized long next(long cluster, boolean packed, boolean wanted) {
    long found = cluster;
    while (found < clusters) {
      int[] table = tables[(int) (found >>> tableBits)];
      if (table == null && wanted) {
        found = ((found >>> tableBits) + 1) << tableBits;
        continue;
      }
      int state = table == null ? NOTHING : table[(int) (found & (allPlain.length - 1))];
      if ((packed ? state > 0 : state == PLAIN) == wanted) {
        return found;
      }
      found++;
    }
    return clusters;
  }
}
