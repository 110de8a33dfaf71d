package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderWriter;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Lays out an empty image: header, refcount table, refcount blocks, L1 table, one behind the other,
 * as QEMU lays it out, and all of it counted. A preallocated image goes on with all L2 tables and
 * then, in the disk's order, all clusters.
 */
final class FreshLayout {

  /** What most file systems give at once: a piece that is smaller takes as much. */
  private static final int BLOCK_BYTES = 4096;

  private static final ByteBuffer ZERO_BLOCK = ByteBuffer.allocate(BLOCK_BYTES).asReadOnlyBuffer();

  private final ImageSpec spec;
  private final boolean sparse;
  private final JobControl control;
  private final int clusterSize;
  private final long countersPerBlock;
  private final CounterCodec codec;
  private final Qcow2Header outline;

  /**
   * Where everything is, in clusters; what follows the L1 table is there when it is preallocated.
   */
  private record Plan(long tableClusters, long blocks, long l1Cluster, long l2Cluster, long end) {

    long firstBlock() {
      return 1 + tableClusters;
    }
  }

  /**
   * @param sparse whether to leave out zeros at the ends of clusters, which become holes
   * @param control stops the work
   */
  FreshLayout(ImageSpec spec, boolean sparse, JobControl control) {
    this.spec = spec;
    this.sparse = sparse;
    this.control = control;
    this.clusterSize = 1 << spec.clusterBits();
    this.codec = CounterCodec.ofOrder(spec.refcountOrder());
    this.countersPerBlock = codec.countersIn(clusterSize);
    this.outline = spec.draft().header();
  }

  /** Writes the image into an empty file; not durable on return. */
  Qcow2Header write(BlockFile file) throws IOException {
    long l1Entries = outline.l1EntriesFor(spec.sizeBytes());
    if (l1Entries > Qcow2Header.maxL1Entries()) {
      throw new LimitExceededException(
          file.path(), "Image size too large", "L1 entries", Qcow2Header.maxL1Entries());
    }
    Plan plan = plan(file, l1Entries);
    long l1Offset = plan.l1Cluster << spec.clusterBits();
    Qcow2Header header =
        spec.draft()
            .l1((int) l1Entries, l1Offset)
            .refcountTable(clusterSize, (int) plan.tableClusters)
            .header();
    ByteBuffer headerCluster = HeaderWriter.encode(file.path(), header);
    writeRefcounts(file, plan);
    writeL1(file, plan, l1Offset, (int) l1Entries);
    if (spec.preallocation() != Preallocation.OFF) {
      writeL2(file, plan);
      takeStorage(file, plan, l1Entries);
    }
    write(file, headerCluster, 0);
    return header;
  }

  private void write(BlockFile file, ByteBuffer cluster, long offset) throws IOException {
    int end = cluster.limit();
    while (sparse
        && end > BLOCK_BYTES
        && cluster.slice(end - BLOCK_BYTES, BLOCK_BYTES).equals(ZERO_BLOCK)) {
      end -= BLOCK_BYTES;
    }
    file.write(cluster.limit(end), offset);
  }

  /** Of so many bytes, those that {@link #write} may store: what is left out need not be made. */
  private int stored(long usedBytes, int bytes) {
    long blocks = (usedBytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    return sparse ? (int) Math.min(bytes, blocks * BLOCK_BYTES) : bytes;
  }

  private Plan plan(BlockFile file, long l1Entries) throws LimitExceededException {
    long counted = 1 + clusters(l1Entries * Long.BYTES);
    boolean preallocated = spec.preallocation() != Preallocation.OFF;
    if (preallocated) {
      counted += l1Entries + (spec.dataFile() == null ? clusters(spec.sizeBytes()) : 0);
    }
    long blocks = 1;
    long tableClusters = 1;
    while (blocks * countersPerBlock < counted + tableClusters + blocks) {
      blocks = (counted + tableClusters + blocks + countersPerBlock - 1) / countersPerBlock;
      tableClusters = clusters(blocks * Long.BYTES);
    }
    if (tableClusters * clusterSize > FormatLimits.MAX_REFCOUNT_TABLE_BYTES) {
      throw new LimitExceededException(
          file.path(),
          "Reference count table too large",
          "Reference count table bytes",
          FormatLimits.MAX_REFCOUNT_TABLE_BYTES);
    }
    long l1Cluster = 1 + tableClusters + blocks;
    return new Plan(
        tableClusters,
        blocks,
        l1Cluster,
        l1Cluster + clusters(l1Entries * Long.BYTES),
        counted + tableClusters + blocks);
  }

  private void writeRefcounts(BlockFile file, Plan plan) throws IOException {
    ByteBuffer table =
        ByteBuffer.allocate(
            stored(plan.blocks * Long.BYTES, (int) plan.tableClusters << spec.clusterBits()));
    long counted = Math.min(countersPerBlock, plan.end);
    byte[] counters =
        new byte[stored((counted * codec.bits() + Byte.SIZE - 1) / Byte.SIZE, clusterSize)];
    int ones = 0;
    for (long block = 0; block < plan.blocks; block++) {
      control.checkpoint();
      long used = Math.min(countersPerBlock, plan.end - block * countersPerBlock);
      if (used < ones) {
        Arrays.fill(counters, (byte) 0);
        ones = 0;
      }
      for (; ones < used; ones++) {
        codec.set(counters, ones, 1);
      }
      long hostOffset = (plan.firstBlock() + block) << spec.clusterBits();
      write(file, ByteBuffer.wrap(counters), hostOffset);
      table.putLong(hostOffset);
    }
    write(file, table.clear(), clusterSize);
  }

  private void writeL1(BlockFile file, Plan plan, long l1Offset, int entries) throws IOException {
    if (sparse && spec.preallocation() == Preallocation.OFF) {
      // All zeros: the file's length alone says that the table is there.
      file.truncate(l1Offset + (long) entries * Long.BYTES);
      return;
    }
    ByteBuffer table = ByteBuffer.allocate(entries * Long.BYTES);
    for (int i = 0; i < entries && spec.preallocation() != Preallocation.OFF; i++) {
      table.putLong(((plan.l2Cluster + i) << spec.clusterBits()) | L2Entry.COPIED);
    }
    file.write(table.clear(), l1Offset);
  }

  /**
   * Every cluster has its place. With extended entries none of its subclusters is allocated yet, so
   * that a backing file still shows.
   */
  private void writeL2(BlockFile file, Plan plan) throws IOException {
    long guestClusters = clusters(spec.sizeBytes());
    int entries = outline.l2Entries();
    ByteBuffer table = ByteBuffer.allocate(clusterSize);
    long l2Offset = plan.l2Cluster << spec.clusterBits();
    for (long first = 0; first < guestClusters; first += entries) {
      control.checkpoint();
      table.clear();
      for (long cluster = first; cluster < Math.min(guestClusters, first + entries); cluster++) {
        table.putLong(hostOffset(plan, cluster, guestClusters) | L2Entry.COPIED);
        if (spec.extendedL2()) {
          table.putLong(0);
        }
      }
      while (table.hasRemaining()) {
        table.putLong(0);
      }
      file.write(table.flip(), l2Offset);
      l2Offset += clusterSize;
    }
  }

  private long hostOffset(Plan plan, long guestCluster, long guestClusters) {
    long hostCluster =
        spec.dataFile() == null ? plan.end - guestClusters + guestCluster : guestCluster;
    return hostCluster << spec.clusterBits();
  }

  private void takeStorage(BlockFile file, Plan plan, long l1Entries) throws IOException {
    long dataOffset = (plan.l2Cluster + l1Entries) << spec.clusterBits();
    long end = plan.end << spec.clusterBits();
    lengthen(file, dataOffset, end);
    if (spec.dataFile() == null) {
      Storage.take(file, dataOffset, end - dataOffset, spec.preallocation(), control);
    }
  }

  /** Makes what follows read as zeros; a device may hold anything there. */
  private static void lengthen(BlockFile file, long from, long end) throws IOException {
    if (file.kind() == FileKind.BLOCK_DEVICE) {
      file.writeZeroes(from, end - from, true);
    } else {
      file.truncate(end);
    }
  }

  private long clusters(long bytes) {
    return (bytes >>> spec.clusterBits()) + ((bytes & (clusterSize - 1)) == 0 ? 0 : 1);
  }
}
