package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.refcount.CounterCodec;
import java.util.Arrays;

/**
 * Places compressed clusters one behind the other, byte by byte, and counts how many share each
 * host cluster: no more than a refcount can tell. Offsets count from where packing begins. The same
 * lengths always get the same places.
 */
final class Packing {

  private static final int SECTOR_BYTES = 512;

  private final int clusterBits;
  private final long maxShared;

  /** Doubled when it is full: to begin with few costs a copy or two of next to nothing. */
  private int[] counts = new int[16];

  private long position;

  /**
   * @param clusterBits binary logarithm of the cluster size
   * @param refcountOrder binary logarithm of the refcount width
   */
  Packing(int clusterBits, int refcountOrder) {
    this.clusterBits = clusterBits;
    long most = CounterCodec.ofOrder(refcountOrder).maxValue();
    this.maxShared = most < 0 ? Integer.MAX_VALUE : Math.min(most, Integer.MAX_VALUE);
  }

  /** The place of the next stream, which is shorter than a cluster. */
  long place(int bytes) {
    if (shared(position >>> clusterBits) == maxShared) {
      position = ((position >>> clusterBits) + 1) << clusterBits;
    }
    long place = position;
    position += bytes;
    for (long cluster = place >>> clusterBits;
        cluster <= (position - 1) >>> clusterBits;
        cluster++) {
      count(cluster);
    }
    return place;
  }

  private void count(long cluster) {
    if (cluster >= counts.length) {
      counts = Arrays.copyOf(counts, Math.toIntExact(Math.max(cluster + 1, counts.length * 2L)));
    }
    counts[(int) cluster]++;
  }

  /** How many streams have bytes in a host cluster. */
  int shared(long cluster) {
    return cluster < counts.length ? counts[(int) cluster] : 0;
  }

  /** How many host clusters have bytes of streams. */
  long hostClusters() {
    return (position + (1L << clusterBits) - 1) >>> clusterBits;
  }

  /** Where the last stream ends, in whole sectors. */
  long sectorEnd() {
    return (position + SECTOR_BYTES - 1) & -SECTOR_BYTES;
  }
}
