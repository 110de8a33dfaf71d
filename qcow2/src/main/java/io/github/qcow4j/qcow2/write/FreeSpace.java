package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import java.io.IOException;
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

  private final FreeRuns before;

  private FreeSpace(FreeRuns before) {
    this.before = before;
  }

  /** For an image of which it is known that nothing refers to what it calls free. */
  public static FreeSpace whateverItHolds() {
    return new FreeSpace(new FreeRuns());
  }

  /**
   * Looks what is free, before a change; reads all refcount blocks.
   *
   * @param writer the image's writer
   * @param header the image's header
   */
  public static FreeSpace before(ImageWriter writer, Qcow2Header header) throws IOException {
    FreeRuns free = new FreeRuns();
    writer.alone(tables -> {
      BlockFile file = tables.file();
      RefcountStore refcounts = tables.refcounts();
      long end = file.kind() == FileKind.REGULAR ? clusters(file.size(), header.clusterBits()) : 0;
      for (long cluster = 0; cluster < end; ) {
        long first = firstFree(refcounts, cluster, end);
        cluster = free.isFull() ? end : refcounts.firstCounted(first, end);
        free.add(first, cluster);
      }
    });
    return new FreeSpace(free);
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
    for (int i = 0; i < before.size() && before.start(i) < end; i++) {
      long to = Math.min(before.end(i), end) << bits;
      long data = before.start(i) << bits;
      for (long hole = data; hole < to; hole = data < to ? file.nextHole(data) : to) {
        long next = file.nextData(hole);
        data = next < 0 ? to : Math.min(to, next);
        if (data > hole) {
          all &= file.punchHole(hole, data - hole);
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
    for (int i = before.size() - 1; i >= 0 && before.end(i) > last; i--) {
      // Of what was free before and is a hole, nothing is lost.
      long to = Math.min(before.end(i), end);
      long data = nextData(file, Math.max(before.start(i), last), to, bits);
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
    long cluster = Math.min(end, before.firstOutside(from));
    while (cluster < end && overlap.firstMetadata(cluster, cluster + 1) == cluster) {
      cluster = Math.min(end, before.firstOutside(cluster + 1));
    }
    return cluster;
  }

  /** Where what begins at {@code from} and is to be given ends; at once, where that is the end. */
  private long endToGive(long from, long end, MetadataOverlap overlap) {
    return overlap.firstMetadata(from, before.firstInside(from, end));
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
