package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The tables of an image that holds no data, laid out as those of a new one: refcount table,
 * refcount blocks and an empty L1 table right behind the header. They are written where nothing in
 * use stands; then one write of the header makes them valid, and the file ends behind them.
 */
final class FrontLayout {

  private final BlockFile file;
  private final Qcow2Header header;
  private final int clusterSize;
  private final CounterCodec codec;
  private final long l1Clusters;
  private final long tableClusters;
  private final long blocks;

  /**
   * @param file the image
   * @param header its header, as it stands in the file
   */
  FrontLayout(BlockFile file, Qcow2Header header) {
    this.file = file;
    this.header = header;
    this.clusterSize = header.clusterSize();
    this.codec = CounterCodec.ofOrder(header.refcountOrder());
    this.l1Clusters = clusters((long) header.l1Entries() * Long.BYTES);
    long neededBlocks = 1;
    long neededTable = 1;
    while (neededBlocks * codec.countersIn(clusterSize)
        < 1 + neededTable + neededBlocks + l1Clusters) {
      neededBlocks++;
      neededTable = clusters(neededBlocks * Long.BYTES);
    }
    this.blocks = neededBlocks;
    this.tableClusters = neededTable;
  }

  /** Moves the tables, unless those in use are in the way; durable on return. */
  void switchTo() throws IOException {
    long endCluster = 1 + tableClusters + blocks + l1Clusters;
    if (firstInUse() < endCluster << header.clusterBits()) {
      return;
    }
    writeRefcounts(endCluster);
    long l1Offset = (1 + tableClusters + blocks) << header.clusterBits();
    file.write(ByteBuffer.allocate(header.l1Entries() * Long.BYTES), l1Offset);
    file.sync();
    ByteBuffer fields = ByteBuffer.allocate(20);
    fields.putLong(l1Offset).putLong(clusterSize).putInt((int) tableClusters);
    file.write(fields.flip(), HeaderField.L1_TABLE_OFFSET);
    file.sync();
    if (file.kind() == FileKind.REGULAR) {
      file.truncate(endCluster << header.clusterBits());
      file.sync();
    }
  }

  /** The lowest host offset behind the header at which a table in use stands. */
  private long firstInUse() throws IOException {
    long first = Math.min(header.l1TableOffset(), header.refcountTableOffset());
    ByteBuffer table =
        ByteBuffer.allocate(Math.multiplyExact(header.refcountTableClusters(), clusterSize));
    file.readPadded(table, header.refcountTableOffset());
    table.flip();
    while (table.hasRemaining()) {
      long blockOffset = table.getLong() & -512L;
      first = blockOffset == 0 ? first : Math.min(first, blockOffset);
    }
    return first;
  }

  private void writeRefcounts(long usedClusters) throws IOException {
    ByteBuffer table = ByteBuffer.allocate((int) (tableClusters << header.clusterBits()));
    int perBlock = codec.countersIn(clusterSize);
    for (long block = 0; block < blocks; block++) {
      byte[] counters = new byte[clusterSize];
      for (int i = 0; i < Math.min(perBlock, usedClusters - block * perBlock); i++) {
        codec.set(counters, i, 1);
      }
      long hostOffset = (1 + tableClusters + block) << header.clusterBits();
      file.write(ByteBuffer.wrap(counters), hostOffset);
      table.putLong(hostOffset);
    }
    file.write(table.clear(), clusterSize);
  }

  private long clusters(long bytes) {
    return (bytes + clusterSize - 1) >>> header.clusterBits();
  }
}
