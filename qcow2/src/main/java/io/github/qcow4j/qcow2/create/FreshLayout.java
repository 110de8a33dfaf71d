package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderWriter;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Lays out an empty image: header, refcount table, refcount blocks, L1 table, one behind the other,
 * as QEMU lays it out, and all of it counted.
 */
final class FreshLayout {

  private final ImageSpec spec;
  private final int clusterSize;
  private final long countersPerBlock;
  private final CounterCodec codec;

  FreshLayout(ImageSpec spec) {
    this.spec = spec;
    this.clusterSize = 1 << spec.clusterBits();
    this.codec = CounterCodec.ofOrder(spec.refcountOrder());
    this.countersPerBlock = codec.countersIn(clusterSize);
  }

  /** Writes the image into an empty file; not durable on return. */
  Qcow2Header write(BlockFile file) throws IOException {
    long l1Entries = spec.l1Entries();
    if (l1Entries > Qcow2Header.maxL1Entries()) {
      throw new LimitExceededException(
          file.path(), "Image size too large", "L1 entries", Qcow2Header.maxL1Entries());
    }
    long l1Clusters = clusters(l1Entries * Long.BYTES);
    long blocks = 1;
    long tableClusters = 1;
    while (blocks * countersPerBlock < 1 + tableClusters + blocks + l1Clusters) {
      blocks++;
      tableClusters = clusters(blocks * Long.BYTES);
    }
    if (tableClusters * clusterSize > FormatLimits.MAX_REFCOUNT_TABLE_BYTES) {
      throw new LimitExceededException(
          file.path(),
          "Reference count table too large",
          "Reference count table bytes",
          FormatLimits.MAX_REFCOUNT_TABLE_BYTES);
    }
    long firstBlock = 1 + tableClusters;
    long l1Offset = (firstBlock + blocks) << spec.clusterBits();
    writeRefcounts(file, firstBlock, blocks, firstBlock + blocks + l1Clusters);
    file.truncate(l1Offset + l1Entries * Long.BYTES);
    Qcow2Header header =
        spec.draft()
            .l1((int) l1Entries, l1Offset)
            .refcountTable(clusterSize, (int) tableClusters)
            .header();
    file.write(HeaderWriter.encode(file.path(), header), 0);
    return header;
  }

  private void writeRefcounts(BlockFile file, long firstBlock, long blocks, long usedClusters)
      throws IOException {
    ByteBuffer table = ByteBuffer.allocate((int) (blocks * Long.BYTES));
    for (long block = 0; block < blocks; block++) {
      byte[] counters = new byte[clusterSize];
      long first = block * countersPerBlock;
      for (int i = 0; i < Math.min(countersPerBlock, usedClusters - first); i++) {
        codec.set(counters, i, 1);
      }
      long hostOffset = (firstBlock + block) << spec.clusterBits();
      file.write(ByteBuffer.wrap(counters), hostOffset);
      table.putLong(hostOffset);
    }
    file.write(table.flip(), clusterSize);
  }

  private long clusters(long bytes) {
    return (bytes + clusterSize - 1) >>> spec.clusterBits();
  }
}
