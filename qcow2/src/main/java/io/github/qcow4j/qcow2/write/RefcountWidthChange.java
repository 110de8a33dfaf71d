package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.HeaderRewrite;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Gives an image refcounts of another width. A whole second refcount structure is written to free
 * clusters, the lowest first, and one switch of the header makes it valid: until then nothing has
 * happened, and then the old one is free.
 */
public final class RefcountWidthChange {

  private final ImageWriter writer;
  private final BlockFile file;
  private final Qcow2Header header;
  private final CounterCodec codec;
  private final int order;
  private final int perBlock;

  // Of the structure in use, and of the new one.
  private final Set<Long> oldClusters = new HashSet<>();
  private final BitSet blocks = new BitSet();
  private final Set<Long> newClusters = new HashSet<>();
  private final List<Long> blockHomes = new ArrayList<>();
  private long tableHome;

  /**
   * Prepares a change; one change is made with it.
   *
   * @param writer the image's writer, of no more use afterwards
   * @param file the image
   * @param header its header, of version 3
   * @param order binary logarithm of the new width in bits, 0 to 6
   */
  public RefcountWidthChange(ImageWriter writer, BlockFile file, Qcow2Header header, int order) {
    this.writer = writer;
    this.file = file;
    this.header = header;
    this.order = order;
    this.codec = CounterCodec.ofOrder(order);
    this.perBlock = codec.countersIn(header.clusterSize());
  }

  /**
   * Makes the change; durable on return, and after a crash or a cancellation either done or not.
   *
   * @param control told of each refcount block
   * @throws LimitExceededException when a count does not fit into the new width, or the header
   *     cluster has no room for the new header; nothing was written then
   */
  public void apply(JobControl control) throws IOException {
    writer.alone(tables -> apply(tables, control));
  }

  private void apply(MutableTables tables, JobControl control) throws IOException {
    RefcountStore old = tables.refcounts();
    Qcow2Header inFile = writer.headerInFile(header);
    survey(old, inFile, control);
    long clusterSize = header.clusterSize();
    long tableClusters = layOut(tables, (tables.hostEnd() + clusterSize - 1) / clusterSize);
    long tableOffset = tableHome << header.clusterBits();
    Qcow2Header changed =
        HeaderDraft.of(inFile)
            .refcountTable(tableOffset, (int) tableClusters)
            .refcountOrder(order)
            .header();
    HeaderRewrite.requirePossible(file, inFile, changed);
    control.expect(blocks.cardinality());
    ByteBuffer table = ByteBuffer.allocate((int) (tableClusters << header.clusterBits()));
    int written = 0;
    for (int i = blocks.nextSetBit(0); i >= 0; i = blocks.nextSetBit(i + 1)) {
      control.checkpoint();
      long hostOffset = blockHomes.get(written) << header.clusterBits();
      file.write(ByteBuffer.wrap(block(i, old)), hostOffset);
      table.putLong(i * Long.BYTES, hostOffset);
      written++;
      control.advance(1);
    }
    file.write(table, tableOffset);
    file.sync();
    HeaderRewrite.replace(file, inFile, changed);
  }

  /**
   * Finds the clusters of the old structure, the new blocks that counts need, and what is too
   * large.
   */
  private void survey(RefcountStore old, Qcow2Header inFile, JobControl control)
      throws IOException {
    long firstOfTable = inFile.refcountTableOffset() >>> header.clusterBits();
    for (long i = 0; i < inFile.refcountTableClusters(); i++) {
      oldClusters.add(firstOfTable + i);
    }
    for (int i = 0; i < old.tableEntries(); i++) {
      control.checkpoint();
      long blockOffset = old.blockOffset(i);
      if (blockOffset != 0) {
        oldClusters.add(blockOffset >>> header.clusterBits());
        surveyBlock(old, (long) i * old.blockEntries());
      }
    }
  }

  private void surveyBlock(RefcountStore old, long firstCluster) throws IOException {
    long end = firstCluster + old.blockEntries();
    for (long cluster = old.firstCounted(firstCluster, end);
        cluster < end;
        cluster = old.firstCounted(cluster + 1, end)) {
      long count = old.get(cluster);
      if (Long.compareUnsigned(count, codec.maxValue()) > 0) {
        throw new LimitExceededException(
            file.path(),
            "Cannot decrease refcount entry width to "
                + codec.bits()
                + " bits: Cluster at offset 0x"
                + Long.toHexString(cluster << header.clusterBits())
                + " has a refcount of "
                + Long.toUnsignedString(count),
            "refcount bits",
            codec.bits());
      }
      blocks.set(Math.toIntExact(cluster / perBlock));
    }
  }

  /** Adds the blocks that count the new structure itself; answers the length of its table. */
  private long layOut(MutableTables tables, long endCluster) throws IOException {
    int counted;
    long tableClusters;
    do {
      counted = blocks.cardinality();
      tableClusters = tableClusters();
      findHomes(new Gaps(tables.refcounts(), tables.overlap(), endCluster), endCluster);
      for (long cluster : newClusters) {
        blocks.set(Math.toIntExact(cluster / perBlock));
      }
    } while (blocks.cardinality() != counted || tableClusters() != tableClusters);
    return tableClusters;
  }

  private void findHomes(Gaps gaps, long endCluster) throws IOException {
    newClusters.clear();
    blockHomes.clear();
    long behind = endCluster;
    long tableClusters = tableClusters();
    tableHome = gaps.take(tableClusters);
    if (tableHome < 0) {
      tableHome = gaps.findBehind(behind, tableClusters);
      behind = tableHome + tableClusters;
    }
    for (long i = 0; i < tableClusters; i++) {
      newClusters.add(tableHome + i);
    }
    while (blockHomes.size() < blocks.cardinality()) {
      long home = gaps.take(1);
      if (home < 0) {
        home = gaps.findBehind(behind, 1);
        behind = home + 1;
      }
      blockHomes.add(home);
      newClusters.add(home);
    }
  }

  private long tableClusters() throws LimitExceededException {
    long tableBytes = (long) blocks.length() * Long.BYTES;
    if (tableBytes > FormatLimits.MAX_REFCOUNT_TABLE_BYTES) {
      throw new LimitExceededException(
          file.path(),
          "Reference count table too large",
          "Reference count table bytes",
          FormatLimits.MAX_REFCOUNT_TABLE_BYTES);
    }
    return Math.max(1, (tableBytes + header.clusterSize() - 1) >>> header.clusterBits());
  }

  private byte[] block(int index, RefcountStore old) throws IOException {
    byte[] block = new byte[header.clusterSize()];
    long first = (long) index * perBlock;
    for (int i = 0; i < perBlock; i++) {
      long cluster = first + i;
      long count = old.get(cluster);
      if (count == 0) {
        // What is new stands where the old structure counts nothing.
        count = newClusters.contains(cluster) ? 1 : 0;
      } else if (oldClusters.contains(cluster)) {
        count--;
      }
      if (count != 0) {
        codec.set(block, i, count);
      }
    }
    return block;
  }
}
