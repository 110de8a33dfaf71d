package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.header.CompressionRule;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Stores guest clusters as compressed streams, packed behind each other: takes places under the
 * lock of the tables, writes outside it, and links under it again. Clusters that one L2 table tells
 * of go through that together, and streams that come to stand one behind the other are one write.
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
   * Stores guest clusters.
   *
   * @param guestOffset the first cluster's beginning
   * @param lengths for each cluster how long its stream is, less than a cluster; 0 leaves the
   *     cluster as it is; consumed
   * @param streams the streams, one behind the other; consumed
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when the image has an external
   *     data file; nothing is changed then
   */
  void write(long guestOffset, IntBuffer lengths, ByteBuffer streams) throws IOException {
    CompressionRule.require(tables.file().path(), header.has(Feature.EXTERNAL_DATA_FILE));
    long position = guestOffset;
    while (lengths.hasRemaining()) {
      int clusters = Math.min(lengths.remaining(), header.l2Entries() - tables.l2Index(position));
      IntBuffer ofTable = lengths.slice(lengths.position(), clusters);
      lengths.position(lengths.position() + clusters);
      writeUnderOneTable(new CompressedRun(position, ofTable, header.clusterBits()), streams);
      position += (long) clusters << header.clusterBits();
    }
  }

  private void writeUnderOneTable(CompressedRun run, ByteBuffer streams) throws IOException {
    if (run.isEmpty()) {
      return;
    }
    locks.changing(
        run.guestOffset(),
        run.lengthBytes(),
        () -> {
          for (int i = 0; i < run.clusters(); i++) {
            if (run.length(i) > 0) {
              bitmaps.touch(run.guestOffset(i), header.clusterSize());
            }
          }
          writeAndLink(run, streams);
        });
  }

  private void writeAndLink(CompressedRun run, ByteBuffer streams) throws IOException {
    try {
      locks.onTables(() -> place(run));
      run.write(tables.file(), streams);
      locks.onTables(() -> link(run));
    } finally {
      if (run.hasUnlinked()) {
        locks.undo(() -> run.giveBackUnlinked(tables.allocator()));
      }
    }
  }

  private void place(CompressedRun run) throws IOException {
    tables.changed(tables.openL2(run.guestOffset()));
    run.place(tables.allocator());
  }

  private void link(CompressedRun run) throws IOException {
    generation = GENERATIONS.incrementAndGet();
    MutableTables.OpenL2 open = tables.openL2(run.guestOffset());
    for (int i = 0; i < run.clusters(); i++) {
      if (run.length(i) > 0) {
        link(open, tables.l2Index(run.guestOffset(i)), run.hostOffset(i), run.length(i));
      }
      run.linked(i);
    }
    tables.changed(open);
  }

  private void link(MutableTables.OpenL2 open, int index, long hostOffset, int length) {
    tables.freeLater(open.table().entry(index));
    open.table().setEntry(index, L2Entry.compressedEntry(hostOffset, length, header.clusterBits()));
    if (tables.extended()) {
      open.table().setSubclusterBitmap(index, 0);
    }
  }
}
