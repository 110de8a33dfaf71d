package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Gives the storage of clusters that nothing refers to back to the file system.
 *
 * <p>Of clusters that were free before a change it is not known what they hold: where counters are
 * wrong, it is somebody's data, which is there as long as nothing is put in its place. What has
 * been written there stays; only what a change has made free is given back whatever it holds.
 */
public final class FreeSpace {

  /**
   * How many runs of free clusters are given back wherever they are. Of an image with more,
   * millions may be in holes already.
   */
  private static final int MOST_HOLES = 1 << 16;

  private static final int MOST_RUNS = 1 << 16;

  /** First clusters of runs that were free before, and the ends of these, in the file's order. */
  private long[] starts = {};

  private long[] ends = {};
  private int runs;

  private FreeSpace() {}

  /** For an image of which it is known that nothing refers to what it calls free. */
  public static FreeSpace whateverItHolds() {
    return new FreeSpace();
  }

  /**
   * Looks what is free, before a change; reads all refcount blocks.
   *
   * @param writer the image's writer
   * @param header the image's header
   */
  public static FreeSpace before(ImageWriter writer, Qcow2Header header) throws IOException {
    FreeSpace space = new FreeSpace();
    writer.alone(tables -> {
      BlockFile file = tables.file();
      RefcountStore refcounts = tables.refcounts();
      long end = file.kind() == FileKind.REGULAR ? clusters(file.size(), header.clusterBits()) : 0;
      for (long cluster = 0; cluster < end; ) {
        long free = firstFree(refcounts, cluster, end);
        // Behind so many nothing is known.
        boolean last = space.runs == MOST_RUNS - 1;
        cluster = last ? end : refcounts.firstCounted(free, end);
        if (cluster > free) {
          space.add(free, last ? Long.MAX_VALUE : cluster);
        }
      }
    });
    return space;
  }

  private void add(long start, long end) {
    if (runs == starts.length) {
      starts = Arrays.copyOf(starts, Math.max(16, 2 * runs));
      ends = Arrays.copyOf(ends, starts.length);
    }
    starts[runs] = start;
    ends[runs++] = end;
  }

  private static long clusters(long bytes, int clusterBits) {
    return (bytes + (1L << clusterBits) - 1) >>> clusterBits;
  }

  /**
   * Gives up refcount blocks that count nothing, ends the file behind its last cluster in use, and
   * makes holes of those before that have become free. No crash harms: what is free durably is
   * free.
   *
   * @param writer the image's writer
   * @param header the image's header
   * @return false when the storage of some stays, as there can be no holes
   */
  public boolean giveBack(ImageWriter writer, Qcow2Header header) throws IOException {
    writer.alone(tables -> {});
    AtomicBoolean all = new AtomicBoolean();
    writer.changeAlone((tables, order) -> {
      giveBackRefcountBlocks(tables, order);
      all.set(giveBack(tables, header));
    });
    return all.get();
  }

  private static void giveBackRefcountBlocks(MutableTables tables, WriteOrder order)
      throws IOException {
    RefcountStore refcounts = tables.refcounts();
    List<Long> homes = refcounts.dropEmptyBlocks();
    while (!homes.isEmpty()) {
      // The table no longer leads to them, durably, before they are free.
      order.flushAll(() -> true);
      for (long home : homes) {
        if (refcounts.blockOffset(home / refcounts.blockEntries()) != 0) {
          refcounts.add(home, 1, -1);
        }
        tables.released(new Run(home, 1));
      }
      order.flushAll(() -> true);
      // What counted nothing but these counts nothing now.
      homes = refcounts.dropEmptyBlocks();
    }
  }

  private boolean giveBack(MutableTables tables, Qcow2Header header) throws IOException {
    BlockFile file = tables.file();
    if (file.kind() != FileKind.REGULAR) {
      return false;
    }
    RefcountStore refcounts = tables.refcounts();
    int bits = header.clusterBits();
    MetadataOverlap overlap = tables.overlap();
    long end = clusters(file.size(), bits);
    long last = endOfKept(file, refcounts.endOfCounted(end), end, overlap, bits);
    if (last < end) {
      file.truncate(last << bits);
    }
    boolean all = true;
    int holes = 0;
    for (long cluster = 0; cluster < last; ) {
      // Not at once: what is reserved and not written is a hole to who asks, and takes storage.
      long from = holes < MOST_HOLES ? cluster : firstStored(file, cluster, last, bits);
      long free = firstToGive(firstFree(refcounts, from, last), last, overlap);
      cluster = endToGive(free, refcounts.firstCounted(free, last), overlap);
      if (cluster > free) {
        holes++;
        all &= file.punchHole(free << bits, (cluster - free) << bits);
      }
    }
    return giveBackReserved(file, last, bits) && all;
  }

  /**
   * Of what was free before, the storage that was taken and never written: nothing is lost of it.
   */
  private boolean giveBackReserved(BlockFile file, long end, int bits) throws IOException {
    boolean all = true;
    for (int i = 0; i < runs && starts[i] < end; i++) {
      long to = Math.min(ends[i], end) << bits;
      long data = starts[i] << bits;
      for (long hole = data; hole < to; hole = file.nextHole(data)) {
        long next = file.nextData(hole);
        data = next < 0 ? to : Math.min(to, next);
        if (data > hole) {
          all &= file.punchHole(hole, data - hole);
        }
        if (data >= to) {
          break;
        }
      }
    }
    return all;
  }

  /** Where the file can end: behind what is counted, what metadata stand in, and what is kept. */
  private long endOfKept(BlockFile file, long counted, long end, MetadataOverlap overlap, int bits)
      throws IOException {
    long last = counted;
    for (long cluster = overlap.firstMetadata(last, end);
        cluster < end;
        cluster = overlap.firstMetadata(last, end)) {
      last = cluster + 1;
    }
    for (int i = runs - 1; i >= 0 && ends[i] > last; i--) {
      // Of what was free before and is a hole, nothing is lost.
      long to = Math.min(ends[i], end);
      long data = nextData(file, Math.max(starts[i], last), to, bits);
      while (data >= 0) {
        last = Math.min(to, clusters(file.nextHole(data), bits));
        data = nextData(file, last, to, bits);
      }
    }
    return last;
  }

  /** Where data are first in some clusters, in bytes; negative when nowhere. */
  private static long nextData(BlockFile file, long from, long end, int bits) throws IOException {
    long data = from < end ? file.nextData(from << bits) : -1;
    return data < end << bits ? data : -1;
  }

  /** The first cluster from {@code from} on that was not free before and is nobody's metadata. */
  private long firstToGive(long from, long end, MetadataOverlap overlap) {
    long cluster = from;
    while (cluster < end) {
      int run = runBehind(cluster);
      if (run < runs && starts[run] <= cluster) {
        cluster = ends[run];
      } else if (overlap.firstMetadata(cluster, cluster + 1) == cluster) {
        cluster++;
      } else {
        return cluster;
      }
    }
    return end;
  }

  /** Where what begins at {@code from} and is to be given ends; at once, where that is the end. */
  private long endToGive(long from, long end, MetadataOverlap overlap) {
    int run = runBehind(from);
    // The one that ends behind the end of all may have begun before it.
    long kept = run < runs ? Math.clamp(starts[run], from, end) : end;
    return overlap.firstMetadata(from, kept);
  }

  /** The first run that ends behind a cluster. */
  private int runBehind(long cluster) {
    int found = Arrays.binarySearch(ends, 0, runs, cluster + 1);
    return found < 0 ? -found - 1 : found;
  }

  /**
   * The first cluster that takes storage: what is a hole already may be free in very many places.
   */
  private static long firstStored(BlockFile file, long from, long end, int bits)
      throws IOException {
    long data = file.nextData(from << bits);
    return data < 0 ? end : Math.min(end, data >>> bits);
  }

  private static long firstFree(RefcountStore refcounts, long from, long end) throws IOException {
    long entries = refcounts.blockEntries();
    long cluster = from;
    while (cluster < end) {
      long free = refcounts.firstFreeInBlock(cluster);
      if (free >= 0) {
        return Math.min(free, end);
      }
      cluster = (cluster / entries + 1) * entries;
    }
    return end;
  }
}
