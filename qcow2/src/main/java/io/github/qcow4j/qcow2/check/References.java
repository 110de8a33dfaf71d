package io.github.qcow4j.qcow2.check;

import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Takes note of every reference that a walk over the metadata meets, cluster by cluster.
 *
 * <p>References may reach past the end of the file by less than one cluster: an image need not end
 * on a cluster border. For one thread.
 */
final class References {

  private final ReferenceCounts counts;

  /** Of those, the references of L1 entries to L2 tables. */
  private final ReferenceCounts ofL1Entries;

  /** Clusters with more references than a counter can say: there may be any. */
  private final ReferenceCounts uncounted;

  private final CheckTally tally;
  private final long fileBytes;
  private final int clusterBits;
  private final long clustersInFile;
  private final TreeMap<Long, Long> pastEnd = new TreeMap<>();
  private long clusterCount;

  /**
   * @param limit what the image's counters can hold, unsigned
   */
  References(long fileBytes, int clusterBits, long limit, CheckTally tally) {
    this.fileBytes = fileBytes;
    this.clusterBits = clusterBits;
    this.tally = tally;
    this.clustersInFile = clustersIn(fileBytes, clusterBits);
    this.clusterCount = clustersInFile;
    this.counts = new ReferenceCounts(clustersInFile + 1, limit);
    this.ofL1Entries = new ReferenceCounts(clustersInFile + 1, limit);
    this.uncounted = new ReferenceCounts(clustersInFile + 1, 1);
  }

  /** How many clusters a file has, the last one whole or not. */
  static long clustersIn(long fileBytes, int clusterBits) {
    return (fileBytes >>> clusterBits) + ((fileBytes & ((1L << clusterBits) - 1)) == 0 ? 0 : 1);
  }

  /**
   * Counts one reference to every cluster that a range of the file touches.
   *
   * @param hostOffset where the range begins, with any alignment, unsigned
   * @param lengthBytes its length; nothing is counted when it is not positive
   */
  void count(long hostOffset, long lengthBytes) {
    if (lengthBytes <= 0) {
      return;
    }
    if (leavesFile(hostOffset, lengthBytes)) {
      tally.report(new RefcountFinding.ReferencePastEnd(hostOffset, lengthBytes));
      rememberPastEnd(hostOffset, lengthBytes);
      return;
    }
    long last = (hostOffset + lengthBytes - 1) >>> clusterBits;
    clusterCount = Math.max(clusterCount, last + 1);
    countRun(hostOffset >>> clusterBits, last + 1);
  }

  /** Counts the reference of an L1 entry to its L2 table. */
  void countTable(long tableOffset) {
    long clusterSize = 1L << clusterBits;
    count(tableOffset, clusterSize);
    if ((tableOffset & (clusterSize - 1)) == 0 && !leavesFile(tableOffset, clusterSize)) {
      boolean _ = ofL1Entries.increment(tableOffset >>> clusterBits);
    }
  }

  /**
   * Whether an L2 table is one to all that refers to it, of the disk and of snapshots: what else
   * does calls it guest data, or the data of a bitmap. To be asked when everything is counted.
   *
   * @param tableOffset where in the file it begins, at a cluster border
   */
  boolean isOnlyTable(long tableOffset) {
    long cluster = tableOffset >>> clusterBits;
    return uncounted.get(cluster) == 0 && counts.get(cluster) == ofL1Entries.get(cluster);
  }

  /** Whether nothing has a part of a structure but that itself. To be asked likewise. */
  boolean standsAlone(long hostOffset, long lengthBytes) {
    long end = Math.min(((hostOffset + lengthBytes - 1) >>> clusterBits) + 1, clusterCount);
    for (long cluster = hostOffset >>> clusterBits; cluster < end; cluster++) {
      if (counts.get(cluster) != 1 || uncounted.get(cluster) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Counts one reference to each cluster of a run that begins in the file. */
  void countRun(long firstCluster, long end) {
    for (long cluster = firstCluster; cluster < end; ) {
      int raised = (cluster & 7) == 0 ? counts.raiseEights(cluster, end - cluster) : 0;
      cluster += raised;
      if (raised == 0) {
        countCluster(cluster++);
      }
    }
  }

  private void rememberPastEnd(long hostOffset, long lengthBytes) {
    if (hostOffset < 0 || hostOffset > Long.MAX_VALUE - lengthBytes) {
      return;
    }
    long first = hostOffset >>> clusterBits;
    long end = ((hostOffset + lengthBytes - 1) >>> clusterBits) + 1;
    var before = pastEnd.floorEntry(first);
    if (before != null && before.getValue() >= first) {
      first = before.getKey();
      end = Math.max(end, before.getValue());
    }
    var next = pastEnd.ceilingEntry(first);
    while (next != null && next.getKey() <= end) {
      end = Math.max(end, next.getValue());
      pastEnd.remove(next.getKey());
      next = pastEnd.ceilingEntry(first);
    }
    pastEnd.put(first, end);
  }

  /**
   * Clusters past the end of the file that something refers to all the same: the first of each run,
   * and the one behind it.
   */
  NavigableMap<Long, Long> pastEnd() {
    return pastEnd;
  }

  private void countCluster(long clusterIndex) {
    if (!counts.increment(clusterIndex)) {
      boolean _ = uncounted.increment(clusterIndex);
      tally.report(new RefcountFinding.TooManyReferences(clusterIndex << clusterBits));
    }
  }

  /** Whether a range reaches past the end of the file by a cluster or more; it is not counted. */
  boolean leavesFile(long hostOffset, long lengthBytes) {
    if (hostOffset < 0 || hostOffset > Long.MAX_VALUE - lengthBytes) {
      return true;
    }
    return hostOffset + lengthBytes - fileBytes >= 1L << clusterBits;
  }

  /** How many clusters the file has, the last one whole or not. */
  long clustersInFile() {
    return clustersInFile;
  }

  /** The same, and those past it that are referred to. */
  long clusterCount() {
    return clusterCount;
  }

  ReferenceCounts counts() {
    return counts;
  }
}
