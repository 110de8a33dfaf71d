package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.header.CompressionRule;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Stores guest clusters as compressed streams, packed behind each other: takes a place under the
 * lock of the tables, writes outside it, and links under it again.
 */
final class CompressedWrites {

  /** Numbers that no two states of compressed clusters share, of whatever image. */
  private static final AtomicLong GENERATIONS = new AtomicLong();

  private final Qcow2Header header;
  private final MutableTables tables;
  private final BitmapTracking bitmaps;
  private final WriterLocks locks;
  private volatile long generation = GENERATIONS.incrementAndGet();

  CompressedWrites(
      Qcow2Header header, MutableTables tables, BitmapTracking bitmaps, WriterLocks locks) {
    this.header = header;
    this.tables = tables;
    this.bitmaps = bitmaps;
    this.locks = locks;
  }

  /** A number that changes whenever a compressed cluster is written; never 0. */
  long generation() {
    return generation;
  }

  /**
   * Stores one guest cluster.
   *
   * @param guestOffset the cluster's beginning
   * @param stream what decodes to the whole cluster, less than a cluster long; consumed
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when the image has an external
   *     data file; nothing is changed then
   */
  void write(long guestOffset, ByteBuffer stream) throws IOException {
    CompressionRule.require(tables.file().path(), header.has(Feature.EXTERNAL_DATA_FILE));
    locks.changing(
        guestOffset,
        1,
        () -> {
          bitmaps.touch(guestOffset, header.clusterSize());
          writeAndLink(guestOffset, stream);
        });
  }

  private void writeAndLink(long guestOffset, ByteBuffer stream) throws IOException {
    int length = stream.remaining();
    long hostOffset = locks.changeTables(() -> place(guestOffset, length));
    boolean linked = false;
    try {
      tables.file().write(stream, hostOffset);
      locks.onTables(() -> link(guestOffset, hostOffset, length));
      linked = true;
    } finally {
      if (!linked) {
        locks.undo(() -> tables.allocator().giveBackPacked(hostOffset, length));
      }
    }
  }

  private long place(long guestOffset, int length) throws IOException {
    tables.changed(tables.openL2(guestOffset));
    return tables.allocator().allocatePacked(length);
  }

  private void link(long guestOffset, long hostOffset, int length) throws IOException {
    generation = GENERATIONS.incrementAndGet();
    MutableTables.OpenL2 open = tables.openL2(guestOffset);
    int index = tables.l2Index(guestOffset);
    tables.freeLater(open.table().entry(index));
    open.table().setEntry(index, L2Entry.compressedEntry(hostOffset, length, header.clusterBits()));
    if (tables.extended()) {
      open.table().setSubclusterBitmap(index, 0);
    }
    tables.changed(open);
  }
}
