package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.refcount.ClusterAllocator.OverlapGuard;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/**
 * The clusters of an image that its structures in use leave free, lowest first: those before its
 * end, and behind it. What is taken here is free for those structures still. For one thread.
 */
final class Gaps {

  private final RefcountStore inUse;
  private final OverlapGuard guard;
  private final long endCluster;
  private final Set<Long> taken = new HashSet<>();

  /** Nothing is free before this one: what is taken is not given back. */
  private long lowest = 1;

  private long nextSingle = 1;

  /**
   * Of how many clusters there is no gap, nor will there be, as gaps only get smaller. Without this
   * each cluster would be looked for in all refcounts of an image that is full.
   */
  private long missing = Long.MAX_VALUE;

  /**
   * @param inUse the refcounts in use
   * @param guard asked about every cluster before it is taken
   * @param endCluster the first host cluster behind everything in use
   */
  Gaps(RefcountStore inUse, OverlapGuard guard, long endCluster) {
    this.inUse = inUse;
    this.guard = guard;
    this.endCluster = endCluster;
  }

  /** Takes contiguous clusters; answers the first one, or -1 when there are not so many. */
  long take(long count) throws IOException {
    if (count >= missing) {
      return -1;
    }
    long first = find(count == 1 ? Math.max(nextSingle, lowest) : lowest, count);
    if (first < 0) {
      missing = count;
      return -1;
    }
    guard.requireNoMetadata(first, count);
    for (long cluster = first; cluster < first + count; cluster++) {
      taken.add(cluster);
    }
    return first;
  }

  /**
   * Finds contiguous clusters behind the end, which are left to the caller: those from {@code from}
   * on, unless some of them are counted.
   *
   * @param from a cluster behind all that was found here before
   */
  long findBehind(long from, long count) throws IOException {
    long first = inUse.firstFreeRun(from, count);
    guard.requireNoMetadata(first, count);
    return first;
  }

  private long find(long from, long count) throws IOException {
    long first = nextFree(from);
    if (from == lowest) {
      lowest = first;
    }
    long end = first;
    while (first + count <= endCluster) {
      if (end == first + count) {
        return first;
      }
      long free = nextFree(end);
      first = free == end ? first : free;
      end = free + 1;
      if (count == 1) {
        nextSingle = end;
      }
    }
    return -1;
  }

  private long nextFree(long from) throws IOException {
    long cluster = from;
    while (cluster < endCluster) {
      long free = inUse.firstFreeInBlock(cluster);
      if (free < 0) {
        cluster = (cluster / inUse.blockEntries() + 1) * inUse.blockEntries();
      } else if (taken.contains(free)) {
        cluster = free + 1;
      } else {
        return free;
      }
    }
    return endCluster;
  }
}
