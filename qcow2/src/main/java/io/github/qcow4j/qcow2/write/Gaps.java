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
    long first = inUse.firstFreeRun(from, count, Long.MAX_VALUE);
    guard.requireNoMetadata(first, count);
    return first;
  }

  private long find(long from, long count) throws IOException {
    long first = nextFree(from);
    if (from == lowest) {
      lowest = first;
    }
    while (first + count <= endCluster) {
      first = inUse.firstFreeRun(first, count, endCluster);
      long end = Math.min(first + count, endCluster);
      long behindTaken = behindLastTaken(first, end);
      if (behindTaken < 0) {
        nextSingle = count == 1 ? end : nextSingle;
        return end - first == count ? first : -1;
      }
      first = behindTaken;
    }
    return -1;
  }

  /** The cluster behind the last one before {@code end} that is taken, or -1 when none is. */
  private long behindLastTaken(long first, long end) {
    for (long cluster = end - 1; cluster >= first; cluster--) {
      if (taken.contains(cluster)) {
        return cluster + 1;
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
