package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Gives the storage of clusters that nothing refers to back to the file system. */
public final class FreeSpace {

  /**
   * How many runs of free clusters are given back wherever they are. Of an image with more,
   * millions may be in holes already.
   */
  private static final int MOST_HOLES = 1 << 16;

  private FreeSpace() {}

  /**
   * Gives up refcount blocks that count nothing, ends the file behind its last cluster in use, and
   * makes holes of the free ones before. No crash harms: what is free durably is free.
   *
   * @param writer the image's writer
   * @param header the image's header
   * @return false when the storage of some stays, as there can be no holes
   */
  public static boolean giveBack(ImageWriter writer, Qcow2Header header) throws IOException {
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

  private static boolean giveBack(MutableTables tables, Qcow2Header header) throws IOException {
    BlockFile file = tables.file();
    if (file.kind() != FileKind.REGULAR) {
      return false;
    }
    RefcountStore refcounts = tables.refcounts();
    int bits = header.clusterBits();
    long end = (file.size() + header.clusterSize() - 1) >>> bits;
    long last = refcounts.endOfCounted(end);
    if (last < end) {
      file.truncate(last << bits);
    }
    boolean all = true;
    int holes = 0;
    for (long cluster = 0; cluster < last; ) {
      // Not at once: what is reserved and not written is a hole to who asks, and takes storage.
      long from = holes < MOST_HOLES ? cluster : firstStored(file, cluster, last, bits);
      long free = firstFree(refcounts, from, last);
      cluster = refcounts.firstCounted(free, last);
      if (cluster > free) {
        holes++;
        all &= file.punchHole(free << bits, (cluster - free) << bits);
      }
    }
    return all;
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
