package io.github.qcow4j.qcow2.refcount;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Hands out free host clusters and takes back those no longer needed.
 *
 * <p>What is taken back keeps its refcount, and so cannot be handed out again, until {@link
 * #releaseFreed}: that is called when nothing durable points to it any more and nobody still reads
 * it. Not safe for several threads: guarded by the image's metadata lock.
 */
public final class ClusterAllocator {

  private final Path image;
  private final int clusterBits;
  private final RefcountStore refcounts;
  private final OverlapGuard guard;
  private final List<Run> freed = new ArrayList<>();
  private final List<Run> freedData = new ArrayList<>();
  private long searchFrom;

  /** The end of what was packed last. Behind a cluster's border, as 0 is one, nothing is packed. */
  private long packedEnd;

  private long handedOutEnd;

  /** Told which clusters are to be handed out. */
  @FunctionalInterface
  public interface OverlapGuard {

    /**
     * Refuses clusters that known metadata occupies, whatever their refcounts say.
     *
     * @param firstCluster the first host cluster
     * @param count how many
     * @throws CorruptImageException when metadata stands there
     */
    void requireNoMetadata(long firstCluster, long count) throws IOException;

    /** Whether metadata is known to stand in a cluster. */
    default boolean isMetadata(long cluster) {
      return false;
    }
  }

  /**
   * A run of host clusters.
   *
   * @param firstCluster the first one's index
   * @param count how many, at least 1
   */
  public record Run(long firstCluster, long count) {}

  /**
   * An allocator over the refcounts of an image.
   *
   * @param image for messages
   * @param clusterBits binary logarithm of the cluster size
   * @param refcounts the image's refcounts
   * @param guard asked about every cluster before it is handed out
   */
  public ClusterAllocator(
      Path image, int clusterBits, RefcountStore refcounts, OverlapGuard guard) {
    this.image = image;
    this.clusterBits = clusterBits;
    this.refcounts = refcounts;
    this.guard = guard;
  }

  /**
   * Takes contiguous free clusters, as many as are wanted or as the first gap has; their refcounts
   * become 1.
   *
   * @param wanted how many at most, at least 1
   */
  public Run allocate(long wanted) throws IOException {
    Run run = nextGap(searchFrom, wanted);
    searchFrom = run.firstCluster + run.count;
    return take(run);
  }

  /** Takes exactly {@code count} contiguous free clusters; their refcounts become 1. */
  public Run allocateContiguous(long count) throws IOException {
    if (count >= refcounts.blockEntries()) {
      return allocateBehindAll(count);
    }
    Run run = nextGap(searchFrom, count);
    if (run.count == count) {
      searchFrom = run.firstCluster + run.count;
    }
    while (run.count < count) {
      long behind = run.firstCluster + run.count;
      run = nextGap(refcounts.firstFreeRun(behind, count, Long.MAX_VALUE), count);
    }
    return take(run);
  }

  /**
   * A run longer than a refcount block counts would be cut by the next block, which stands first in
   * what it counts. So the blocks for such a run are put before it, behind everything in use.
   */
  private Run allocateBehindAll(long count) throws IOException {
    int perBlock = refcounts.blockEntries();
    long firstIndex = refcounts.firstUnusedTableIndex();
    long blocks = 1;
    while (blocks * perBlock < count + blocks) {
      blocks++;
    }
    long home = firstIndex * perBlock;
    requirePossible(home + blocks + count);
    guard.requireNoMetadata(home, blocks);
    for (long i = 0; i < blocks; i++) {
      refcounts.placeBlock(firstIndex + i, home + i);
      refcounts.add(home + i, 1, 1);
    }
    return take(new Run(home + blocks, count));
  }

  /**
   * Takes room for a compressed cluster, packed behind the one before where that is possible. Every
   * host cluster it touches gets one reference more.
   *
   * @param bytes how many, at most a cluster
   * @return the host offset
   */
  public long allocatePacked(int bytes) throws IOException {
    long clusterSize = 1L << clusterBits;
    if ((packedEnd & (clusterSize - 1)) != 0) {
      long tailCluster = packedEnd >>> clusterBits;
      long room = clusterSize - (packedEnd & (clusterSize - 1));
      boolean shareable =
          Long.compareUnsigned(refcounts.get(tailCluster), refcounts.maxCount()) < 0;
      if (shareable && bytes <= room) {
        return pack(tailCluster, 1, packedEnd, bytes);
      }
      if (shareable && isFree(tailCluster + 1)) {
        guard.requireNoMetadata(tailCluster + 1, 1);
        return pack(tailCluster, 2, packedEnd, bytes);
      }
    }
    long start = allocateContiguous(1).firstCluster << clusterBits;
    packedEnd = start + bytes;
    return start;
  }

  private long pack(long firstCluster, int clusters, long start, int bytes) throws IOException {
    refcounts.add(firstCluster, clusters, 1);
    packedEnd = start + bytes;
    handedOutEnd = Math.max(handedOutEnd, (firstCluster + clusters) << clusterBits);
    return start;
  }

  /** The end of the last cluster handed out so far, as a host offset. */
  public long handedOutEnd() {
    return handedOutEnd;
  }

  private boolean isFree(long cluster) throws IOException {
    ensureBlock(cluster);
    return refcounts.get(cluster) == 0;
  }

  /** Ends packing: the next compressed cluster begins in a host cluster of its own. */
  public void endPacking() {
    packedEnd = 0;
  }

  /** Takes one reference from each cluster of a run, when {@link #releaseFreed} is next called. */
  public void freeLater(long firstCluster, long count) {
    append(freed, firstCluster, count);
  }

  /**
   * The same for what an entry calls data: a damaged one may name metadata. The last reference to
   * these is theirs.
   */
  public void freeDataLater(long firstCluster, long count) {
    append(freedData, firstCluster, count);
  }

  private static void append(List<Run> runs, long firstCluster, long count) {
    Run last = runs.isEmpty() ? null : runs.getLast();
    if (last != null && last.firstCluster + last.count == firstCluster) {
      runs.set(runs.size() - 1, new Run(last.firstCluster, last.count + count));
    } else {
      runs.add(new Run(firstCluster, count));
    }
  }

  /**
   * Forgets what {@link #freeLater} and {@link #freeDataLater} collected, for a caller that decides
   * anew.
   */
  public List<Run> takeFreed() {
    List<Run> taken = new ArrayList<>(freed);
    taken.addAll(freedData);
    freed.clear();
    freedData.clear();
    return taken;
  }

  /**
   * Takes the reference of a cluster that nothing ever pointed to; it may be handed out again at
   * once.
   */
  public void giveBack(long cluster) throws IOException {
    refcounts.add(cluster, 1, -1);
    searchFrom = Math.min(searchFrom, cluster);
  }

  /** Takes back what {@link #allocatePacked} gave, when nothing ever pointed to it. */
  public void giveBackPacked(long hostOffset, int bytes) throws IOException {
    long last = (hostOffset + bytes - 1) >>> clusterBits;
    for (long cluster = hostOffset >>> clusterBits; cluster <= last; cluster++) {
      refcounts.add(cluster, 1, -1);
      if (refcounts.get(cluster) == 0) {
        becameFree(cluster);
      }
    }
  }

  private void becameFree(long cluster) {
    searchFrom = Math.min(searchFrom, cluster);
    if (packedEnd >>> clusterBits == cluster) {
      endPacking();
    }
  }

  /** Whether references wait to be taken. */
  public boolean hasFreed() {
    return !freed.isEmpty() || !freedData.isEmpty();
  }

  /**
   * Takes the references that {@link #freeLater} and {@link #freeDataLater} collected.
   *
   * @return the runs whose refcounts became 0, to be given back to the file system perhaps
   */
  public List<Run> releaseFreed() throws IOException {
    List<Run> empty = new ArrayList<>();
    for (Run run : freed) {
      refcounts.add(run.firstCluster, run.count, -1);
      for (long i = 0; i < run.count; i++) {
        long cluster = run.firstCluster + i;
        if (refcounts.get(cluster) == 0) {
          append(empty, cluster, 1);
          becameFree(cluster);
        }
      }
    }
    freed.clear();
    for (Run run : freedData) {
      for (long i = 0; i < run.count; i++) {
        releaseData(run.firstCluster + i, empty);
      }
    }
    freedData.clear();
    return empty;
  }

  private void releaseData(long cluster, List<Run> empty) throws IOException {
    if (Long.compareUnsigned(refcounts.get(cluster), 1) <= 0 && guard.isMetadata(cluster)) {
      return;
    }
    refcounts.add(cluster, 1, -1);
    if (refcounts.get(cluster) == 0) {
      append(empty, cluster, 1);
      becameFree(cluster);
    }
  }

  private Run take(Run run) throws IOException {
    guard.requireNoMetadata(run.firstCluster, run.count);
    refcounts.add(run.firstCluster, run.count, 1);
    handedOutEnd = Math.max(handedOutEnd, (run.firstCluster + run.count) << clusterBits);
    return run;
  }

  /** The first run of free clusters at or after {@code from}, at most {@code wanted} long. */
  private Run nextGap(long from, long wanted) throws IOException {
    long first = nextFree(from);
    long count = 1;
    while (count < wanted && nextFree(first + count) == first + count) {
      count++;
    }
    return new Run(first, count);
  }

  private long nextFree(long from) throws IOException {
    long cluster = from;
    while (true) {
      requirePossible(cluster);
      ensureBlock(cluster);
      long free = refcounts.firstFreeInBlock(cluster);
      if (free > 0) {
        return free;
      }
      // Cluster 0 is the header's, whatever its refcount says.
      cluster = free == 0 ? 1 : nextBlock(cluster);
    }
  }

  /** A new block stands in the first cluster it counts, which nothing has called free before. */
  private void ensureBlock(long cluster) throws IOException {
    long index = cluster / refcounts.blockEntries();
    if (refcounts.blockOffset(index) == 0) {
      guard.requireNoMetadata(index * refcounts.blockEntries(), 1);
    }
    refcounts.ensureBlock(cluster);
  }

  private long nextBlock(long cluster) {
    return (cluster / refcounts.blockEntries() + 1) * refcounts.blockEntries();
  }

  private void requirePossible(long cluster) throws LimitExceededException {
    if (cluster >= FormatLimits.MAX_HOST_OFFSET >>> clusterBits) {
      throw new LimitExceededException(
          image,
          "The image file would become too large",
          "host offset",
          FormatLimits.MAX_HOST_OFFSET);
    }
  }
}
