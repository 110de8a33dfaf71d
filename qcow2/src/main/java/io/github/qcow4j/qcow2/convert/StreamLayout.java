package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderWriter;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The metadata of an image that is written from front to back: header, refcount table, refcount
 * blocks, L1 table, L2 tables, then the compressed clusters packed, then the plain ones.
 */
final class StreamLayout {

  private static final Path NAME = Path.of("stream");
  private static final long ALL_SUBCLUSTERS = 0xFFFF_FFFFL;

  private final ImageSpec spec;
  private final ClusterPlan plan;
  private final int clusterSize;
  private final CounterCodec codec;
  private final Packing packing;
  private final Qcow2Header header;
  private final long blocks;
  private final long packedStart;
  private final long plainStart;

  /**
   * @param spec the image
   * @param plan its clusters, all marked
   */
  StreamLayout(ImageSpec spec, ClusterPlan plan) throws IOException {
    this.spec = spec;
    this.plan = plan;
    this.clusterSize = 1 << spec.clusterBits();
    this.codec = CounterCodec.ofOrder(spec.refcountOrder());
    this.packing = packAll();
    Qcow2Header draft = spec.draft().header();
    long l1Entries = draft.l1EntriesFor(spec.sizeBytes());
    require(l1Entries, Qcow2Header.maxL1Entries(), "Image size too large", "L1 entries");
    long others =
        1
            + clusters(l1Entries * Long.BYTES)
            + l2Tables()
            + packing.hostClusters()
            + plan.plainClusters();
    long needed = 1;
    while (needed * codec.countersIn(clusterSize)
        < others + needed + clusters(needed * Long.BYTES)) {
      needed++;
    }
    this.blocks = needed;
    long tableClusters = clusters(blocks * Long.BYTES);
    require(
        tableClusters * clusterSize,
        FormatLimits.MAX_REFCOUNT_TABLE_BYTES,
        "Reference count table too large",
        "Reference count table bytes");
    long l1Start = 1 + tableClusters + blocks;
    this.packedStart = l1Start + clusters(l1Entries * Long.BYTES) + l2Tables();
    this.plainStart = packedStart + packing.hostClusters();
    this.header =
        spec.draft()
            .l1((int) l1Entries, l1Start << spec.clusterBits())
            .refcountTable(clusterSize, (int) tableClusters)
            .header();
  }

  private static void require(long value, long most, String message, String what)
      throws LimitExceededException {
    if (value > most) {
      throw new LimitExceededException(NAME, message, what, most);
    }
  }

  private long clusters(long bytes) {
    return (bytes + clusterSize - 1) >>> spec.clusterBits();
  }

  private long l2Tables() {
    long used = 0;
    for (int i = 0; i < plan.tableCount(); i++) {
      used += plan.table(i) == null ? 0 : 1;
    }
    return used;
  }

  private Packing packAll() {
    Packing all = new Packing(spec.clusterBits(), spec.refcountOrder());
    for (int i = 0; i < plan.tableCount(); i++) {
      int[] table = plan.table(i);
      for (int j = 0; table != null && j < table.length; j++) {
        if (table[j] > 0) {
          all.place(table[j]);
        }
      }
    }
    return all;
  }

  /** Where the compressed clusters begin in the file. */
  long packedOffset() {
    return packedStart << spec.clusterBits();
  }

  /** Where the plain clusters begin in the file. */
  long plainOffset() {
    return plainStart << spec.clusterBits();
  }

  /** How long the file will be, its last cluster whole. */
  long fileBytes() {
    return plainOffset() + (plan.plainClusters() << spec.clusterBits());
  }

  /** Writes everything before the clusters themselves. */
  void writeMetadata(StreamSink sink) throws IOException {
    sink.write(HeaderWriter.encode(NAME, header));
    sink.padTo(clusterSize);
    writeRefcounts(sink);
    sink.padTo(header.l1TableOffset());
    writeL1(sink);
    sink.padTo(header.l1TableOffset() + (clusters(l1Bytes()) << spec.clusterBits()));
    writeL2(sink);
  }

  private long l1Bytes() {
    return (long) header.l1Entries() * Long.BYTES;
  }

  private void writeRefcounts(StreamSink sink) throws IOException {
    long firstBlock = 1 + clusters(blocks * Long.BYTES);
    ByteBuffer table = ByteBuffer.allocate(Math.toIntExact(blocks * Long.BYTES));
    for (long block = 0; block < blocks; block++) {
      table.putLong((firstBlock + block) << spec.clusterBits());
    }
    sink.write(table.flip());
    sink.padTo(firstBlock << spec.clusterBits());
    long end = plainStart + plan.plainClusters();
    int perBlock = codec.countersIn(clusterSize);
    for (long block = 0; block < blocks; block++) {
      byte[] counters = new byte[clusterSize];
      long first = block * perBlock;
      for (int i = 0; i < perBlock && first + i < end; i++) {
        codec.set(counters, i, refcount(first + i));
      }
      sink.write(ByteBuffer.wrap(counters));
    }
  }

  private long refcount(long hostCluster) {
    return hostCluster < packedStart || hostCluster >= plainStart
        ? 1
        : packing.shared(hostCluster - packedStart);
  }

  private void writeL1(StreamSink sink) throws IOException {
    ByteBuffer l1 = ByteBuffer.allocate(Math.toIntExact(l1Bytes()));
    long hostOffset = header.l1TableOffset() + (clusters(l1Bytes()) << spec.clusterBits());
    for (int i = 0; i < plan.tableCount(); i++) {
      if (plan.table(i) != null) {
        l1.putLong(i * Long.BYTES, hostOffset | L2Entry.COPIED);
        hostOffset += clusterSize;
      }
    }
    sink.write(l1);
  }

  private void writeL2(StreamSink sink) throws IOException {
    Packing places = new Packing(spec.clusterBits(), spec.refcountOrder());
    long plainOffset = plainOffset();
    ByteBuffer l2 = ByteBuffer.allocateDirect(clusterSize);
    for (int i = 0; i < plan.tableCount(); i++) {
      int[] table = plan.table(i);
      if (table == null) {
        continue;
      }
      l2.clear();
      for (int state : table) {
        long entry = 0;
        if (state > 0) {
          long hostOffset = packedOffset() + places.place(state);
          entry = L2Entry.compressedEntry(hostOffset, state, spec.clusterBits());
        } else if (state == ClusterPlan.PLAIN) {
          entry = plainOffset | L2Entry.COPIED;
          plainOffset += clusterSize;
        }
        put(l2, entry, state);
      }
      sink.write(l2.flip());
    }
  }

  private void put(ByteBuffer l2, long entry, int state) {
    if (!spec.extendedL2()) {
      l2.putLong(state == ClusterPlan.ZERO ? L2Entry.ZERO : entry);
      return;
    }
    l2.putLong(entry);
    l2.putLong(
        switch (state) {
          case ClusterPlan.PLAIN -> ALL_SUBCLUSTERS;
          case ClusterPlan.ZERO -> ALL_SUBCLUSTERS << Integer.SIZE;
          default -> 0;
        });
  }
}
