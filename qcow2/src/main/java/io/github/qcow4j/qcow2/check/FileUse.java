package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.refcount.RefcountTable;
import io.github.qcow4j.qcow2.table.EvenRun;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What an image's file is used for, where that is the simplest: every cluster is the header, part
 * of a table, or guest data that the disk shows; each is in use once, and counted so, and nothing
 * else is counted. Such a file may be given away as a whole, once its {@linkplain #dropRest free
 * clusters} are cleared.
 *
 * <p>Reads the tables and no guest data: for 10 GiB of it 1.6 MiB, and keeps one bit for each
 * cluster of the file. For one thread.
 */
public final class FileUse {

  /** At most 32 MiB of bits; 16 TiB of data in clusters of 64 KiB. */
  private static final long MAX_CLUSTERS = 1L << 28;

  private static final int COUNTER_BYTES = Short.BYTES;

  private final BlockFile file;
  private final Qcow2Header header;
  private final JobControl control;
  private final BitSet used = new BitSet();
  private final long clusters;
  private final ByteBuffer table;
  private final long[] entries;
  private long dataClusters;

  private FileUse(BlockFile file, Qcow2Header header, long clusters, JobControl control) {
    this.file = file;
    this.header = header;
    this.clusters = clusters;
    this.control = control;
    this.table = ByteBuffer.allocate(header.clusterSize());
    this.entries = new long[header.clusterSize() / Long.BYTES];
  }

  /**
   * Looks at an image of version 3 without subclusters and with counters of 16 bits, whose header
   * names neither snapshots, bitmaps, a data file nor encryption. Damage is not told apart from
   * other reasons, and not reported.
   *
   * @param file the image, which nobody changes meanwhile
   * @param header its header
   * @param control stops the work
   * @return null when something else is in the file: compressed clusters, reserved clusters of
   *     zeros, clusters behind the disk's end or shared ones, leaks, anything wrong
   * @throws IOException when the file cannot be read
   */
  public static @Nullable FileUse of(BlockFile file, Qcow2Header header, JobControl control)
      throws IOException {
    long clusters = References.clustersIn(file.size(), header.clusterBits());
    // The rest of a last cluster that the disk does not fill may hold what it held before.
    if (clusters > MAX_CLUSTERS || header.virtualSize() % header.clusterSize() != 0) {
      return null;
    }
    FileUse use = new FileUse(file, header, clusters, control);
    return use.markAll() ? use : null;
  }

  /** How many bytes of guest data are in the file. */
  public long dataBytes() {
    return dataClusters << header.clusterBits();
  }

  /**
   * Makes holes of the free clusters of a copy, and ends it behind the last cluster in use.
   *
   * @param copy a file of the same content
   * @return false when there can be no holes, now or later, when others have become free
   */
  public boolean dropRest(BlockFile copy) throws IOException {
    int end = used.length();
    long endBytes = (long) end << header.clusterBits();
    if (copy.size() > endBytes) {
      copy.truncate(endBytes);
    }
    for (int free = used.nextClearBit(0); free < end; ) {
      int next = used.nextSetBit(free);
      long from = (long) free << header.clusterBits();
      long to = (long) next << header.clusterBits();
      long data = file.nextData(from);
      if (data >= 0 && data < to && !copy.punchHole(from, to - from)) {
        return false;
      }
      free = used.nextClearBit(next);
    }
    // Nothing is there. A file system that shares may have no holes, as NFS servers do.
    return copy.punchHole(endBytes, header.clusterSize());
  }

  private boolean markAll() throws IOException {
    return mark(0, 1)
        && mark(header.refcountTableOffset(), header.refcountTableClusters())
        && markMapping()
        && isCountedSo(RefcountTable.load(file, header));
  }

  /** Takes clusters for in use; false when they are already, or are not whole ones of the file. */
  private boolean mark(long hostOffset, int count) {
    long first = hostOffset >>> header.clusterBits();
    if ((hostOffset & (header.clusterSize() - 1)) != 0 || first + count > clusters) {
      return false;
    }
    int next = used.nextSetBit((int) first);
    if (next >= 0 && next < first + count) {
      return false;
    }
    used.set((int) first, (int) first + count);
    return true;
  }

  private boolean markMapping() throws IOException {
    int perCluster = entries.length;
    int l1Clusters = (header.l1Entries() + perCluster - 1) / perCluster;
    if (!mark(header.l1TableOffset(), l1Clusters)) {
      return false;
    }
    long[] l1 = new long[l1Clusters * perCluster];
    for (int i = 0; i < l1Clusters; i++) {
      readTable(header.l1TableOffset() + ((long) i << header.clusterBits()));
      table.asLongBuffer().get(l1, i * perCluster, perCluster);
    }
    long guestClusters = header.virtualSize() >>> header.clusterBits();
    // What is behind the table's end in its last cluster leads nowhere either.
    for (int i = 0; i < l1.length; i++) {
      long inDisk = Math.clamp(guestClusters - (long) i * perCluster, 0L, perCluster);
      if (l1[i] != 0 && (inDisk == 0 || !markBelow(l1[i], (int) inDisk))) {
        return false;
      }
    }
    return true;
  }

  /**
   * One L2 table and its data.
   *
   * @param inDisk how many of its entries belong to the disk
   */
  private boolean markBelow(long l1Entry, int inDisk) throws IOException {
    control.checkpoint();
    long hostOffset = l1Entry & L2Entry.OFFSET_MASK;
    if (l1Entry != (hostOffset | L2Entry.COPIED) || !mark(hostOffset, 1)) {
      return false;
    }
    readTable(hostOffset);
    table.asLongBuffer().get(entries);
    for (int i = 0; i < entries.length; ) {
      long entry = entries[i];
      int run = 1;
      if (entry != 0 && (entry != L2Entry.ZERO || i >= inDisk)) {
        run = dataRun(i, inDisk);
        if (run == 0) {
          return false;
        }
      }
      i += run;
    }
    return true;
  }

  /** How many clusters of plain data stand there one behind the other; 0 for anything else. */
  private int dataRun(int index, int inDisk) {
    long entry = entries[index];
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    if (index >= inDisk || entry != (hostOffset | L2Entry.COPIED)) {
      return 0;
    }
    int run = EvenRun.length(entries, index, inDisk - index, entry, header.clusterSize());
    dataClusters += run;
    return mark(hostOffset, run) ? run : 0;
  }

  private boolean isCountedSo(RefcountTable blocks) throws IOException {
    return markRefcountBlocks(blocks) && countsMatch(blocks);
  }

  private boolean markRefcountBlocks(RefcountTable blocks) {
    for (int i = 0; i < blocks.size(); i++) {
      long entry = blocks.entry(i);
      if (entry != 0 && !mark(entry, 1)) {
        return false;
      }
    }
    return true;
  }

  private boolean countsMatch(RefcountTable blocks) throws IOException {
    byte[] zeros = new byte[header.clusterSize()];
    byte[] ones = new byte[header.clusterSize()];
    for (int i = 1; i < ones.length; i += COUNTER_BYTES) {
      ones[i] = 1;
    }
    for (int i = 0; i < blocks.size(); i++) {
      long first = (long) i * blocks.countersPerBlock();
      if (blocks.entry(i) != 0) {
        control.checkpoint();
        readTable(blocks.entry(i));
        if (!matches(first, blocks.countersPerBlock(), zeros, ones)) {
          return false;
        }
      } else if (nextChange(first, clusters) < Math.min(first + blocks.countersPerBlock(), clusters)
          || isUsed(first)) {
        return false;
      }
    }
    return (long) blocks.size() * blocks.countersPerBlock() >= used.length();
  }

  /** Whether the counters in the block that was read are those of the clusters from one on. */
  private boolean matches(long first, int count, byte[] zeros, byte[] ones) {
    byte[] counters = table.array();
    for (long cluster = first; cluster < first + count; ) {
      long end = nextChange(cluster, first + count);
      int from = (int) (cluster - first) * COUNTER_BYTES;
      int to = (int) (end - first) * COUNTER_BYTES;
      byte[] expected = isUsed(cluster) ? ones : zeros;
      if (!Arrays.equals(counters, from, to, expected, 0, to - from)) {
        return false;
      }
      cluster = end;
    }
    return true;
  }

  private boolean isUsed(long cluster) {
    return cluster < clusters && used.get((int) cluster);
  }

  /** Up to where all clusters are in use, or none is, as the one given. */
  private long nextChange(long cluster, long end) {
    if (cluster >= clusters) {
      return end;
    }
    int next = isUsed(cluster) ? used.nextClearBit((int) cluster) : used.nextSetBit((int) cluster);
    return next < 0 ? end : Math.min(next, end);
  }

  private void readTable(long hostOffset) throws IOException {
    file.readPadded(table.clear(), hostOffset);
    table.flip();
  }
}
